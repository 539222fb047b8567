//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("operations").await?;
    serve(Service { name: "operations", router: operations::router(app), job_path: None }).await
}
