//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("auto-decline").await?;
    serve(Service {
        name: "auto-decline",
        router: auto_decline::router(app),
        job_path: Some("/api/cron/auto-decline-bookings"),
    })
    .await
}
