//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("sign-in").await?;
    serve(Service { name: "sign-in", router: sign_in::router(app), job_path: None }).await
}
