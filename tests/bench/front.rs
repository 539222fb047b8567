//! A TLS proxy in front of the table, as AWS requires TLS.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A TLS endpoint with its own certificate, and the file of root certificates that makes functions trust it.
pub struct Front {
    pub url: String,
    pub bundle: PathBuf,
    served: JoinHandle<()>,
}

impl Front {
    /// Opens it in front of a plain-text server at `address`.
    pub async fn open(address: String, folder: &Path) -> Self {
        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let bundle = folder.join("roots.pem");
        std::fs::write(&bundle, certified.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let served = tokio::spawn(async move {
            while let Ok((visitor, _)) = listener.accept().await {
                tokio::spawn(carry(acceptor.clone(), visitor, address.clone()));
            }
        });
        Self { url, bundle, served }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.served.abort();
    }
}

/// Either side may close the connection at any time; a killed function does so in the middle.
async fn carry(acceptor: TlsAcceptor, visitor: TcpStream, address: String) {
    let Ok(mut visitor) = acceptor.accept(visitor).await else { return };
    let Ok(mut table) = TcpStream::connect(address).await else { return };
    let _ = copy_bidirectional(&mut visitor, &mut table).await;
}
