//! A certificate that the user got out of band, on its way into the store: read, decided about, and
//! then the proof of the user's consent. Nobody is contacted: what answers on the network now is no
//! reason to trust it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::import::{ImportDecision, ImportKind, ImportSource, StartImport};
use settle_transport::import::{self, ImportError, ImportedKind};

use super::record::{Contents, Imported};

/// For the user.
const DECISION_LIMIT: Duration = Duration::from_secs(5 * 60);

/// Why nothing can be imported.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Of the certificate.
    #[error(transparent)]
    Certificate(#[from] ImportError),
    /// The first label of the name is none that a device can have.
    #[error(transparent)]
    Name(#[from] settle_protocol::name::NameError),
}

/// What is to be trusted, and for what.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) name: LocalName,
    pub(super) petname: Label,
    pub(super) port: u16,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) imported: Imported,
}

/// What was read, and the user decides about.
#[derive(Debug)]
pub struct DecidingImport {
    import: Import,
    begun: Instant,
}

/// The user's consent.
#[derive(Debug)]
pub struct ConsentedImport(Import);

impl DecidingImport {
    /// Reads what the user has.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn read(start: StartImport) -> Result<Self, StartError> {
        let (label, _) = start.name.as_str().split_once('.').unwrap_or_default();
        let imported = match start.source {
            ImportSource::Fingerprint(fingerprint) => Imported {
                fingerprint,
                certificate: None,
                kind: ImportKind::Certificate,
            },
            ImportSource::Pem(text) => {
                let read = import::read_pem(&text)?;
                Imported {
                    fingerprint: read.fingerprint,
                    kind: match read.kind {
                        ImportedKind::Authority(_) => ImportKind::Authority,
                        ImportedKind::Server => ImportKind::Certificate,
                    },
                    certificate: Some(read.certificate.to_vec()),
                }
            }
        };
        let import = Import {
            petname: Label::parse(label)?,
            name: start.name,
            port: start.port,
            addresses: start.addresses,
            imported,
        };
        Ok(Self {
            import,
            begun: Instant::now(),
        })
    }

    /// What the user decides about.
    #[must_use]
    pub fn decision(&self, number: u64, contents: &Contents) -> ImportDecision {
        let Import {
            name,
            petname,
            port,
            imported,
            addresses: _,
        } = &self.import;
        ImportDecision {
            import: number,
            name_taken: contents.name_taken(name, petname),
            name: name.clone(),
            port: *port,
            kind: imported.kind,
            certificate: imported.fingerprint,
        }
    }

    /// Whether the user may still decide.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.begun.elapsed() < DECISION_LIMIT
    }

    /// The user has seen the decision, and consents.
    #[must_use]
    pub fn consent(self) -> ConsentedImport {
        ConsentedImport(self.import)
    }
}

impl ConsentedImport {
    pub(super) fn into_import(self) -> Import {
        self.0
    }
}
