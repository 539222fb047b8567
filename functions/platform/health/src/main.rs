//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("health").await?;
    serve(Service { name: "health", router: health::router(app), job_path: None }).await
}
