//! The changes that are made while the daemon is killed: each is done and undone, and told of.

use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::audit::AuditEvent;
use settle_protocol::rpc::import::{ImportDecision, ImportSource, StartImport};
use settle_protocol::rpc::{Call, Device as Listed};
use settle_tests::Connector;

const CLOUD: &str = "https://cloud.example";

/// What is done, and undone again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Name,
    Origin,
    Import,
}

impl Change {
    /// Whether it is done.
    pub(super) fn is_done(self, devices: &[Listed]) -> bool {
        devices.iter().any(|device| match self {
            Self::Name => device.petname.as_str() == "office",
            Self::Origin => !device.allowed_origins.is_empty(),
            Self::Import => device.names.iter().any(|name| name.as_str() == "nas.local"),
        })
    }

    /// Whether an event tells that it was done, or undone.
    pub(super) fn told_by(self, event: &AuditEvent) -> Option<bool> {
        let told = serde_json::to_value(event).unwrap();
        let (kind, to) = (told["event"].as_str()?, told["to"].as_str());
        match (self, kind) {
            (Self::Name, "renamed") => Some(to == Some("office.local")),
            (Self::Origin, "origin_allowed") | (Self::Import, "imported") => Some(true),
            (Self::Origin, "origin_denied") | (Self::Import, "revoked") => Some(false),
            _ => None,
        }
    }

    /// The call that does or undoes it.
    pub(super) fn call(self, connector: &mut Connector, done: bool) -> Call {
        let devices = connector.devices();
        let device = |wanted: Self| {
            let is_import = |device: &&Listed| Self::Import.is_done(std::slice::from_ref(*device));
            let found = devices
                .iter()
                .find(|device| is_import(device) == matches!(wanted, Self::Import));
            found.unwrap().id.clone()
        };
        let origin = || CLOUD.parse().unwrap();
        match (self, done) {
            (Self::Name, _) => Call::RenameDevice {
                device: device(self),
                petname: Label::parse(if done { "office" } else { "printer" }).unwrap(),
            },
            (Self::Origin, true) => Call::AllowOrigin {
                device: device(self),
                origin: origin(),
            },
            (Self::Origin, false) => Call::DenyOrigin {
                device: device(self),
                origin: origin(),
            },
            (Self::Import, true) => {
                let import = StartImport {
                    name: LocalName::parse("nas.local").unwrap(),
                    port: 443,
                    addresses: Vec::new(),
                    source: ImportSource::Fingerprint(CertificateFingerprint::from_digest(
                        [0xab; 32],
                    )),
                };
                let decision: ImportDecision = connector.call(Call::StartImport(import)).unwrap();
                Call::CommitImport {
                    import: decision.import,
                }
            }
            (Self::Import, false) => Call::RevokeDevice {
                device: device(self),
            },
        }
    }
}
