//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("reconciliation").await?;
    serve(Service {
        name: "reconciliation",
        router: reconciliation::router(app),
        job_path: Some("/api/cron/reconcile"),
    })
    .await
}
