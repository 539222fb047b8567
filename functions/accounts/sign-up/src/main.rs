//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("sign-up").await?;
    serve(Service { name: "sign-up", router: sign_up::router(app), job_path: None }).await
}
