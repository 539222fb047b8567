//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("event-publisher").await?;
    serve(Service {
        name: "event-publisher",
        router: event_publisher::router(app),
        job_path: Some("/api/cron/publish-events"),
    })
    .await
}
