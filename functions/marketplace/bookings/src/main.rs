//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("bookings").await?;
    serve(Service { name: "bookings", router: bookings::router(app), job_path: None }).await
}
