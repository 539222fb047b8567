//! What users would say of the whole, through the front doors: every function behind its own router,
//! the embedded DynamoDB behind the real SDK, the providers' stand-ins over real HTTP.

mod answer;
mod backstage;
mod world;

mod abandoned;
mod cases;
mod doors;
mod endings;
mod health;
mod nudge;
mod recovery;
mod retries;
mod settings;
mod tokens;
