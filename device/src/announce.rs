//! Announcing the device by DNS-SD (RFC 6763) under both of its names, with the tags of the codes
//! that it shows, and taking that back.
//!
//! A convenience: codes carry addresses, and clients trust keys. So no failure here is fatal.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo, TxtProperty};
use settle_protocol::discovery::{self, MAX_TAGS, NAME_KEY, SERVICE, TAGS_KEY, TAGS_SEPARATOR};
use settle_protocol::name::LocalName;
use settle_protocol::secret::PairingSecret;
use settle_transport::random;
use tokio_util::sync::CancellationToken;

use crate::clock::steady_now;
use crate::register::Register;

/// The version of the TXT record.
const TXT_VERSION: &str = "1";
/// How long the goodbyes may take to leave.
const GOODBYE: Duration = Duration::from_secs(2);
/// Tags are drawn anew this often, so that a code that stands for long is not to be followed.
const NEW_TAGS: Duration = Duration::from_secs(10 * 60);

/// What is announced of one instance, before it is put on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Service {
    /// The label of the instance.
    pub instance: String,
    /// The host, with its final dot.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// The strings of the TXT record, by key.
    pub text: Vec<(&'static str, Vec<u8>)>,
}

impl Service {
    /// That of a device under one of its `names`, of which the last is its unique one.
    #[must_use]
    pub fn named(name: &LocalName, unique: &LocalName, tags: &str, port: u16) -> Self {
        let mut text = vec![
            ("v", TXT_VERSION.into()),
            (NAME_KEY, unique.as_str().into()),
        ];
        if !tags.is_empty() {
            text.push((TAGS_KEY, tags.into()));
        }
        Self {
            instance: name.as_str().split('.').next().unwrap_or_default().into(),
            host: format!("{name}."),
            port,
            text,
        }
    }

    /// The same with the addresses of a listener.
    pub(crate) fn info(&self, listener: IpAddr) -> Result<ServiceInfo, mdns_sd::Error> {
        let Self {
            instance,
            host,
            port,
            text,
        } = self;
        let text = text.iter().map(|(key, value)| (*key, value).into());
        let text: Vec<TxtProperty> = text.collect();
        if listener.is_unspecified() {
            let info = ServiceInfo::new(SERVICE, instance, host, "", *port, text)?;
            Ok(info.enable_addr_auto())
        } else {
            ServiceInfo::new(SERVICE, instance, host, listener, *port, text)
        }
    }
}

/// Another service of the same machine, which is announced under the device's friendly name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Beside {
    /// Its type: `_acme-server._tcp.local.`
    pub kind: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// The strings of the TXT record, by key.
    pub text: Vec<(&'static str, String)>,
}

impl Beside {
    fn info(&self, name: &LocalName) -> Result<ServiceInfo, mdns_sd::Error> {
        let instance = name.as_str().split('.').next().unwrap_or_default();
        let (host, at) = (format!("{name}."), self.address);
        let text = self.text.iter().map(|(key, value)| (*key, value).into());
        let text: Vec<TxtProperty> = text.collect();
        if at.ip().is_unspecified() {
            let info = ServiceInfo::new(self.kind, instance, &host, "", at.port(), text)?;
            return Ok(info.enable_addr_auto());
        }
        ServiceInfo::new(self.kind, instance, &host, at.ip(), at.port(), text)
    }
}

/// A running announcement.
pub(crate) struct Announcement {
    daemon: ServiceDaemon,
    services: Vec<String>,
    names: [LocalName; 2],
    listener: SocketAddr,
}

/// Announces `names`, the friendly one first, the unique one last, as yet without a tag; and what is beside.
pub(crate) fn announce(
    names: [LocalName; 2],
    listener: SocketAddr,
    beside: &[Beside],
) -> Result<Announcement, mdns_sd::Error> {
    let mut announcement = Announcement {
        daemon: daemon(listener.ip())?,
        services: Vec::new(),
        names,
        listener,
    };
    let [friendly, unique] = announcement.names.clone();
    let mut infos = Vec::new();
    for name in [&friendly, &unique] {
        infos.push(announcement.service(name, "")?);
    }
    for other in beside {
        infos.push(other.info(&friendly)?);
    }
    for info in infos {
        announcement.services.push(info.get_fullname().to_owned());
        announcement.daemon.register(info)?;
    }
    Ok(announcement)
}

/// The thread that speaks multicast DNS for a listener.
pub(crate) fn daemon(listener: IpAddr) -> Result<ServiceDaemon, mdns_sd::Error> {
    let daemon = ServiceDaemon::new()?;
    if let Some(interfaces) = interfaces(listener) {
        daemon.disable_interface(IfKind::All)?;
        daemon.enable_interface(interfaces)?;
    }
    Ok(daemon)
}

/// One tag for each code, of a nonce drawn now.
fn tags(secrets: &[PairingSecret]) -> Result<String, getrandom::Error> {
    let mut tags = String::new();
    for secret in secrets.iter().take(MAX_TAGS) {
        if !tags.is_empty() {
            tags.push(TAGS_SEPARATOR);
        }
        tags.push_str(&discovery::tag(secret, random::make_bytes()?));
    }
    Ok(tags)
}

/// Where to announce, when not everywhere: a device that listens on one address is to be found on
/// that address's interface alone.
fn interfaces(listener: IpAddr) -> Option<IfKind> {
    match listener {
        IpAddr::V4(address) if address.is_unspecified() => Some(IfKind::IPv4),
        IpAddr::V6(address) if address.is_unspecified() => None,
        IpAddr::V4(address) if address.is_loopback() => Some(IfKind::LoopbackV4),
        IpAddr::V6(address) if address.is_loopback() => Some(IfKind::LoopbackV6),
        IpAddr::V4(_) | IpAddr::V6(_) => Some(IfKind::Addr(listener)),
    }
}

impl Announcement {
    /// Keeps the tags in step with the codes that stand, until `stop`; then takes the announcement
    /// back.
    pub(crate) async fn follow(self, register: Arc<Register>, stop: CancellationToken) {
        let mut changes = register.changes();
        let mut told = Vec::new();
        let follow = async {
            loop {
                let secrets = register.secrets(steady_now());
                let is_news = !same(&secrets, &told);
                if is_news {
                    self.tell(&secrets);
                    told = secrets;
                }
                tokio::select! {
                    () = tokio::time::sleep(NEW_TAGS) => told.clear(),
                    changed = changes.changed() => if changed.is_err() { return },
                }
            }
        };
        stop.run_until_cancelled(follow).await;
        self.withdraw().await;
    }

    fn tell(&self, secrets: &[PairingSecret]) {
        let tags = match tags(secrets) {
            Ok(tags) => tags,
            Err(error) => {
                tracing::warn!(%error, "no tags can be drawn");
                return;
            }
        };
        let [_, unique] = &self.names;
        let told = self
            .service(unique, &tags)
            .and_then(|info| self.daemon.register(info));
        if let Err(error) = told {
            tracing::warn!(%error, "the device's codes cannot be announced");
        }
    }

    fn service(&self, name: &LocalName, tags: &str) -> Result<ServiceInfo, mdns_sd::Error> {
        let [_, unique] = &self.names;
        Service::named(name, unique, tags, self.listener.port()).info(self.listener.ip())
    }

    /// Takes the announcement back and waits until the goodbyes are out.
    async fn withdraw(self) {
        let goodbyes = async {
            for service in &self.services {
                if let Ok(done) = self.daemon.unregister(service) {
                    // A daemon that is gone has nothing more to say.
                    drop(done.recv_async().await);
                }
            }
            if let Ok(done) = self.daemon.shutdown() {
                drop(done.recv_async().await);
            }
        };
        if tokio::time::timeout(GOODBYE, goodbyes).await.is_err() {
            tracing::warn!("the announcement could not be taken back in time");
        }
    }
}

fn same(some: &[PairingSecret], others: &[PairingSecret]) -> bool {
    some.len() == others.len()
        && some
            .iter()
            .zip(others)
            .all(|(one, other)| one.matches(other.expose()))
}
