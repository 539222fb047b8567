//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("case-endings").await?;
    serve(Service { name: "case-endings", router: case_endings::router(app), job_path: None }).await
}
