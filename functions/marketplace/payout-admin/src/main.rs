//! Starts the runtime.

use shared::app::App;
use shared::runtime::{ServeError, Service, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let app = App::start("payout-admin").await?;
    serve(Service { name: "payout-admin", router: payout_admin::router(app), job_path: None }).await
}
