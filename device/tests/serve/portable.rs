//! A portable device, as its network sees it: it shows masks, and answers those alone who can know
//! that it is there.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use mdns_sd::{IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use rustls::{AlertDescription, ClientConfig, ClientConnection};
use settle_device::{Announcing, Settings};
use settle_protocol::discovery::SERVICE;
use settle_protocol::portable::{MARKS_KEY, NONCE, Nonce, Recognition, Seen, label};
use settle_transport::{danger, random};

use crate::client::{Client, get, http, secret_of, text};
use crate::device::{Home, Served};
use crate::upstream::Upstream;

async fn portable(home: &Home, upstream: &Upstream) -> Served {
    Served::start(Settings {
        announcing: Announcing::Masks,
        ..home.settings(upstream.address)
    })
    .await
}

fn fresh() -> Nonce {
    random::make_bytes().unwrap()
}

/// What is announced on this machine.
struct Ear {
    daemon: ServiceDaemon,
    heard: mdns_sd::Receiver<ServiceEvent>,
}

impl Ear {
    fn new() -> Self {
        let daemon = ServiceDaemon::new().unwrap();
        daemon.disable_interface(IfKind::All).unwrap();
        daemon.enable_interface(IfKind::LoopbackV4).unwrap();
        let heard = daemon.browse(SERVICE).unwrap();
        Self { daemon, heard }
    }

    /// Waits for a mask of the device that a key recognizes.
    async fn mask_of(&self, key: &Recognition) -> (Nonce, Box<ResolvedService>) {
        loop {
            let ServiceEvent::ServiceResolved(service) = self.heard.recv_async().await.unwrap()
            else {
                continue;
            };
            let marks = service.txt_properties.get_property_val(MARKS_KEY).flatten();
            let seen = Seen::read(&service.fullname, marks.unwrap_or_default());
            if let Some(nonce) = seen.and_then(|seen| seen.recognized(key)) {
                return (nonce, service);
            }
        }
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.daemon.shutdown().unwrap();
    }
}

/// Everything that is heard after a ClientHello.
fn heard(address: SocketAddr, config: ClientConfig, name: &str) -> Vec<u8> {
    let name = match name {
        "" => address.ip().into(),
        name => name.to_owned().try_into().unwrap(),
    };
    let mut hello = Vec::new();
    let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
    tls.write_tls(&mut hello).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(&hello).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    heard
}

fn is_turned_away(refused: &io::Error) -> bool {
    let inner = refused.get_ref().and_then(|error| error.downcast_ref());
    inner
        == Some(&rustls::Error::AlertReceived(
            AlertDescription::UnrecognisedName,
        ))
}

#[tokio::test]
async fn whoever_cannot_know_the_device_hears_that_nobody_answers_and_no_more() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = portable(&home, &upstream).await;
    let code = Recognition::of_code(&secret_of(&device.code));
    let (mask, service) = Ear::new().mask_of(&code).await;
    let stranger = Recognition::of_client(&[1; 32]);
    let of_another_mask =
        Recognition::of_code(&secret_of(&device.code)).knock(Some(&mask), fresh());
    for name in [
        "",
        "printer.local",
        "localhost",
        service.host.trim_end_matches('.'),
        &stranger.knock(None, fresh()),
        &stranger.knock(Some(&mask), fresh()),
        &of_another_mask,
    ] {
        let address = device.address;
        let client = Client::new();
        let pairing = danger::pairing_client(client.identity()).unwrap();
        let mut browsing = pairing.clone();
        browsing.alpn_protocols.clear();
        for config in [pairing, browsing] {
            let name = name.to_owned();
            let heard = tokio::task::spawn_blocking(move || heard(address, config, &name));
            assert_eq!(heard.await.unwrap(), [21, 3, 3, 0, 2, 2, 112]);
        }
    }
    device.stop().await;
}

#[tokio::test]
async fn what_is_announced_is_drawn_for_each_mask_and_names_nobody() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = portable(&home, &upstream).await;
    let code = Recognition::of_code(&secret_of(&device.code));
    let (mask, service) = Ear::new().mask_of(&code).await;
    assert_eq!(service.fullname, format!("{}.{SERVICE}", label(&mask)));
    assert_eq!(service.host, format!("{}.local.", label(&mask)));
    let keys: Vec<&str> = service
        .txt_properties
        .iter()
        .map(|text| text.key())
        .collect();
    assert_eq!(keys, [MARKS_KEY]);
    device.stop().await;
}

#[tokio::test]
async fn a_code_opens_the_door_once_a_knock_and_the_client_recognizes_the_next_mask() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = portable(&home, &upstream).await;
    let (client, ear) = (Client::new(), Ear::new());
    let knock = Recognition::of_code(&secret_of(&device.code)).knock(None, fresh());
    let tls = client.knock_by(device.address, &knock).await.unwrap();
    let granted = client.pair_on(tls, &device.code).await.unwrap();

    let key = Recognition::of_client(granted.discovery_key.expose());
    let (mask, _) = ear.mask_of(&key).await;
    let knock = key.knock(Some(&mask), fresh());
    let tls = client.open_by(device.address, &granted, &knock).await;
    let answer = http(tls.unwrap()).await.send_request(get("/")).await;
    assert_eq!(answer.unwrap().status(), 200);

    // Recorded and repeated, by the client itself or by anybody.
    let again = client.open_by(device.address, &granted, &knock).await;
    assert!(is_turned_away(&again.unwrap_err()));
    let of_no_mask = key.knock(Some(&[0; NONCE]), fresh());
    let refused = client.open_by(device.address, &granted, &of_no_mask).await;
    assert!(is_turned_away(&refused.unwrap_err()));
    device.stop().await;
}

#[tokio::test]
async fn who_is_taken_off_the_list_is_a_stranger_again() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = portable(&home, &upstream).await;
    let ear = Ear::new();
    let mut granted = Vec::new();
    for _ in 0..2 {
        let client = Client::new();
        let knock = Recognition::of_code(&secret_of(&device.code)).knock(None, fresh());
        let tls = client.knock_by(device.address, &knock).await.unwrap();
        let grant = client.pair_on(tls, &device.code).await.unwrap();
        granted.push((client, grant));
        if granted.len() < 2 {
            device.button.press();
            device.code = device.next_code().await;
        }
    }
    let [(removed, of_removed), (kept, of_kept)] = &granted[..] else {
        panic!("two clients");
    };
    assert!(
        device
            .clients
            .remove(removed.key.fingerprint())
            .await
            .unwrap()
    );

    let keys =
        [of_removed, of_kept].map(|grant| Recognition::of_client(grant.discovery_key.expose()));
    let (mask, _) = ear.mask_of(&keys[1]).await;
    let knock = keys[0].knock(Some(&mask), fresh());
    let refused = removed.open_by(device.address, of_removed, &knock).await;
    assert!(is_turned_away(&refused.unwrap_err()));
    let knock = keys[1].knock(Some(&mask), fresh());
    let tls = kept.open_by(device.address, of_kept, &knock).await.unwrap();
    let page = http(tls).await.send_request(get("/")).await.unwrap();
    assert!(!text(page).await.is_empty());
    device.stop().await;
}
