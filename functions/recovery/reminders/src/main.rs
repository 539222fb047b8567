//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("reminders").await?;
    serve(Service {
        name: "reminders",
        router: reminders::router(app),
        job_path: Some("/api/scheduler/reminders"),
    })
    .await
}
