//! The environment of functions that run as processes: a table over HTTP and the providers' stand-ins.

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::embedded::EmbeddedDynamo;
use crate::service::{Service, StartError};
use stand_ins::bus;
use stand_ins::sandbox::Sandbox;

/// The table, the stand-ins, and the environment that connects functions to them.
pub struct Cloud {
    /// The in-process service over the same table and stand-ins.
    pub service: Service,
    /// The environment variables of a function; it needs no others.
    pub environment: Vec<(&'static str, String)>,
    served: JoinHandle<()>,
}

impl Cloud {
    /// Opens it, in memory and on ports that are free.
    pub async fn start(sandbox: Sandbox) -> Result<Self, StartError> {
        let bus = |name: &str| (name == "EVENT_BUS_NAME").then(|| bus::BUS.to_owned());
        let service = Service::start(sandbox, EmbeddedDynamo::memory(), bus).await?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let table = format!("http://{}", listener.local_addr()?);
        let dynamo = service.dynamo.clone();
        let served = tokio::spawn(async move {
            let _ = dynamo.serve(listener).await;
        });
        let mut environment = service.environment.clone();
        environment.extend([
            ("AWS_ENDPOINT_URL_DYNAMODB", table),
            ("EVENT_BUS_NAME", bus::BUS.to_owned()),
            ("AWS_ACCESS_KEY_ID", "sandbox".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "sandbox".to_owned()),
        ]);
        Ok(Self { service, environment, served })
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.served.abort();
    }
}
