//! The door.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("events").await?;
    serve(Service { name: "events", router: events::router(app), job_path: Some("/api/cron/publish-events") })
        .await
}
