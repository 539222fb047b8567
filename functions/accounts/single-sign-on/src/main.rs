//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("single-sign-on").await?;
    serve(Service { name: "single-sign-on", router: single_sign_on::router(app), job_path: None }).await
}
