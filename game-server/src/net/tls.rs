//! TLS from a certificate and a key in files, for a gateway without a balancer before it; renewed ones are taken up.
//!
//! The files are read again when they change (certbot writes them, cert-manager swaps a link to their folder) and on
//! SIGHUP. What cannot be used is told once, and the certificates from before stay. Connections that are open stay.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A look costs two calls of the kernel. What has changed is read when it is the same at the next look: certificate and
/// key are written one after the other.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What tells one version of a file from the next: through links, a new file is another inode.
type Identity = Option<(u64, u64, u64, i64, i64)>;

/// The certificate in use and the files that it comes from; clones share it.
#[derive(Clone)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    current: Arc<RwLock<TlsAcceptor>>,
}

impl Certificates {
    /// Reads both PEM files. The certificate's file has the chain, the server's own first.
    pub fn load(certificate: PathBuf, key: PathBuf) -> anyhow::Result<Certificates> {
        let current = Arc::new(RwLock::new(read(&certificate, &key)?));
        Ok(Certificates { certificate, key, current })
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes up what the files become, for ever.
    pub async fn keep_fresh(&self) -> std::io::Result<()> {
        let mut hang_ups = signal(SignalKind::hangup())?;
        let mut read = self.identities();
        let mut seen = read;
        loop {
            tokio::select! {
                _ = hang_ups.recv() => {
                    read = self.identities();
                    self.read_again();
                }
                () = sleep(LOOK_EVERY) => {
                    let now = self.identities();
                    if now == seen && now != read {
                        read = now;
                        self.read_again();
                    }
                    seen = now;
                }
            }
        }
    }

    fn read_again(&self) {
        match read(&self.certificate, &self.key) {
            Ok(acceptor) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = acceptor;
                tracing::info!(
                    "new connections get the certificate that {} holds now",
                    self.certificate.display()
                );
            }
            Err(error) => tracing::error!(
                "the certificate from before stays in use, since the files cannot be: {error:#}; once they can, they are \
                 taken up within seconds"
            ),
        }
    }

    fn identities(&self) -> [Identity; 2] {
        [identity(&self.certificate), identity(&self.key)]
    }
}

fn read(certificate: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| format!("reading the certificate {} (--tls-cert)", certificate.display()))?;
    ensure!(
        !chain.is_empty(),
        "{} (--tls-cert) holds no certificate; a PEM file with the whole chain is needed",
        certificate.display()
    );
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("reading the private key {} (--tls-key)", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| format!("{} and {} do not belong together", certificate.display(), key.display()))?;
    // WebSockets need HTTP/1.1; browsers would otherwise ask for HTTP/2.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn identity(file: &Path) -> Identity {
    let file = std::fs::metadata(file).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}
