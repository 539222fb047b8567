//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("payouts").await?;
    serve(Service {
        name: "payouts",
        router: payouts::router(app),
        job_path: Some("/api/cron/process-payouts"),
    })
    .await
}
