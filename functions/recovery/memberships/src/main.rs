//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("memberships").await?;
    serve(Service { name: "memberships", router: memberships::router(app), job_path: None }).await
}
