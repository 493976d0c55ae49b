//! The announcement, as another program on this machine hears it on the loopback interface.

use std::net::IpAddr;

use mdns_sd::{IfKind, ServiceDaemon, ServiceEvent};
use settle_device::{Announcing, Settings};
use settle_protocol::discovery::{Announced, SERVICE, TAGS_KEY};
use settle_protocol::name::Label;

use crate::client::{Client, secret_of};
use crate::device::{Home, Served};
use crate::upstream::Upstream;

fn listener() -> ServiceDaemon {
    let daemon = ServiceDaemon::new().unwrap();
    daemon.disable_interface(IfKind::All).unwrap();
    daemon.enable_interface(IfKind::LoopbackV4).unwrap();
    daemon
}

#[tokio::test]
async fn a_device_is_announced_under_both_names_and_taken_back() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    // A name that no other test on this machine announces at the same time.
    let label = format!("announced-{}", std::process::id());
    let device = Served::start(Settings {
        label: Label::parse(&label).unwrap(),
        announcing: Announcing::Names,
        ..home.settings(upstream.address)
    })
    .await;
    let unique = Label::parse(&label).unwrap().unique(&device.fingerprint);
    let wanted = [format!("{label}.local."), format!("{unique}.")];

    let daemon = listener();
    let heard = daemon.browse(SERVICE).unwrap();
    let mut hosts = Vec::new();
    while hosts.len() < wanted.len() {
        let ServiceEvent::ServiceResolved(service) = heard.recv_async().await.unwrap() else {
            continue;
        };
        if !wanted.contains(&service.host) || hosts.contains(&service.host) {
            continue;
        }
        assert_eq!(service.port, device.address.port());
        assert_eq!(service.get_property_val_str("v"), Some("1"));
        assert_eq!(service.get_property_val_str("name"), Some(unique.as_str()));
        let mut addresses = service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr);
        assert!(addresses.all(|address| address == IpAddr::from([127, 0, 0, 1])));
        hosts.push(service.host.clone());
    }

    device.stop().await;
    let mut removed = 0;
    while removed < wanted.len() {
        if let ServiceEvent::ServiceRemoved(_, name) = heard.recv_async().await.unwrap()
            && name.starts_with(&label)
        {
            removed += 1;
        }
    }
    daemon.shutdown().unwrap();
}

#[tokio::test]
async fn the_tag_of_the_code_is_announced_for_as_long_as_the_code_stands() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let label = format!("tagged-{}", std::process::id());
    let device = Served::start(Settings {
        label: Label::parse(&label).unwrap(),
        announcing: Announcing::Names,
        ..home.settings(upstream.address)
    })
    .await;
    let unique = Label::parse(&label).unwrap().unique(&device.fingerprint);
    let host = format!("{unique}.");
    let secret = secret_of(&device.code);
    let daemon = listener();
    let heard = daemon.browse(SERVICE).unwrap();
    let mut seen = Vec::new();
    for standing in [true, false] {
        loop {
            let ServiceEvent::ServiceResolved(service) = heard.recv_async().await.unwrap() else {
                continue;
            };
            let tags = service.get_property_val_str(TAGS_KEY);
            let announced = Announced::read(None, tags, &service.host);
            if service.host == host && announced.shows(&secret) == standing {
                seen.push(announced.tags);
                break;
            }
        }
        if standing {
            Client::new()
                .pair(device.address, &device.code)
                .await
                .unwrap();
        }
    }
    assert_eq!(seen.last().map(String::as_str), Some(""));
    device.stop().await;
    daemon.shutdown().unwrap();
}
