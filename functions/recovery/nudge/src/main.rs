//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("nudge").await?;
    serve(Service { name: "nudge", router: nudge::router(app), job_path: None }).await
}
