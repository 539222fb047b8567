//! The trusted root certificates: Mozilla's, compiled in, and those of `AWS_CA_BUNDLE`.
//!
//! Compiled-in certificates are already parsed and cost nothing at the start; reading the system's would cost 2.5
//! ms.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The CA bundle cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(pub(super) String);

/// The TLS configuration of the HTTP client; `bundle` is the path of a PEM file with further root certificates.
pub(super) fn tls(bundle: Option<&str>) -> Result<ClientConfig, TrustError> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(path) = bundle {
        let unreadable =
            |error: &dyn std::fmt::Display| TrustError(format!("AWS_CA_BUNDLE cannot be read: {error}"));
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots
                .add(certificate)
                .map_err(|error| TrustError(format!("AWS_CA_BUNDLE holds what is no root: {error}")))?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let versions = versions.map_err(|error| TrustError(error.to_string()))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
