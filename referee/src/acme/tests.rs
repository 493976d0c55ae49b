//! The server asked as clients ask it, request by request; and as they must not.

mod client;
mod issuing;
mod responder;
mod strict;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use settle_protocol::name::LocalName;
use tempfile::TempDir;

use self::client::Client;
use super::*;
use crate::authority::Root;
use crate::store::{AuditEvent, By, Grant, Holder};

pub(super) const BASE: &str = "https://referee.local:14000";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A referee that was set up a moment ago.
struct House {
    acme: Acme,
    store: Store,
    root: Root,
    _folder: TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::file(&folder.path().join("referee.db"))
            .await
            .unwrap();
        let root = Root::make().unwrap();
        let acme = serve(&store, &root);
        Self {
            acme,
            store,
            root,
            _folder: folder,
        }
    }

    /// A client whose account was made with an external key, for these names.
    async fn client(&self, names: &[&str]) -> Client {
        let external = self.store.make_external_key(now()).await.unwrap();
        for name in names {
            let holder = Holder::ExternalKey(external.id.clone());
            self.store
                .grant(&grant(name, holder), By::Owner, now())
                .await
                .unwrap();
        }
        let mut client = Client::new();
        let joined = client.join(&self.acme, Some(&external)).await;
        assert_eq!(joined.status, 201, "{joined:?}");
        client
    }

    /// Of each line of the log, what it tells.
    async fn told(&self) -> Vec<AuditEvent> {
        let lines = self.store.audit(100).await.unwrap();
        lines.iter().map(|line| line.event).collect()
    }
}

fn serve(store: &Store, root: &Root) -> Acme {
    let (issuer, _) = root.intermediate(SystemTime::now(), None).unwrap();
    let lists = "http://referee.local/crl/".to_owned();
    let issuer = Arc::new(issuer.with_revocations(lists));
    Acme::new(store.clone(), issuer, BASE.to_owned())
}

fn grant(name: &str, holder: Holder) -> Grant {
    Grant {
        name: LocalName::parse(name).unwrap(),
        holder,
        challenge: None,
        address: None,
    }
}
