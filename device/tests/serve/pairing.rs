//! Pairing: the way it should go, and every way in which it should not.

use std::net::SocketAddr;
use std::path::Path;

use rustls::AlertDescription;
use settle_device::{Device, DeviceError, Event, IdentityError, StateError};
use settle_protocol::material::PairingMaterial;
use settle_protocol::pairing::PairingError;
use settle_protocol::pairing::client::Granted;
use settle_protocol::pairing::message::{AbortReason, Role};
use settle_transport::pairing;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc;

use crate::client::{Client, get, secret_of, text};
use crate::device::Home;
use crate::upstream::Upstream;

/// What a client finds whose code the device does not know: it is told nothing, and the device's
/// proof does not fit.
fn is_unproved(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&PairingError::NotConfirmed)
}

#[tokio::test]
async fn the_first_client_is_admitted_as_administrator_and_a_later_one_as_guest() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let material = PairingMaterial::parse(&device.code).unwrap();
    assert_eq!(material.root, device.fingerprint);
    assert_eq!(material.addresses, [device.address]);
    assert!(home.picture().exists());

    let ada = Client::new();
    let granted = ada.pair(device.address, &device.code).await.unwrap();
    assert_eq!(granted.role, Role::Admin);
    assert_eq!(granted.port, device.address.port());
    assert_eq!(granted.unique_name, material.unique_name);
    let Event::Paired(client) = device.event().await else {
        panic!("the pairing is told");
    };
    assert_eq!(client.key, ada.key.fingerprint());
    assert_eq!(client.label, "laptop[2J", "a label cannot steer a terminal");
    device.stop().await;

    let device = home.serve(upstream.address).await;
    let bob = Client::new();
    let granted = bob.pair(device.address, &device.code).await.unwrap();
    assert_eq!(granted.role, Role::Guest);
    assert_eq!(device.clients.list().len(), 2);
}

#[tokio::test]
async fn a_code_admits_once() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let ada = Client::new();
    ada.pair(device.address, &device.code).await.unwrap();
    let again = Client::new().pair(device.address, &device.code).await;
    assert!(is_unproved(&again.unwrap_err()));
    assert_eq!(device.clients.list().len(), 1);
}

#[tokio::test]
async fn of_two_that_prove_the_same_code_one_is_admitted() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let (ada, eve) = (Client::new(), Client::new());
    let mut slow = eve.knock(device.address).await.unwrap();
    let deciding = eve.prove(&mut slow, &device.code).await.unwrap();
    ada.pair(device.address, &device.code).await.unwrap();

    let (state, _, commit) = deciding.consent();
    pairing::write_frame(&mut slow, &commit).await.unwrap();
    let last = pairing::read_frame(&mut slow).await.unwrap();
    assert_eq!(
        state.receive(&last).unwrap_err(),
        PairingError::Aborted(AbortReason::Closed)
    );
    assert_eq!(device.clients.list().len(), 1);
}

#[tokio::test]
async fn a_wrong_code_is_answered_like_any_other_and_admits_nobody() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let (other_home, other_upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let other = other_home.serve(other_upstream.address).await;
    let eve = Client::new();
    // Unknown here; the device answers as if it were known.
    assert!(is_unproved(
        &eve.pair(device.address, &other.code).await.unwrap_err()
    ));
    assert!(matches!(device.event().await, Event::AttemptFailed));
    // Known here, without the secret.
    let refused = PairingError::Aborted(AbortReason::NotConfirmed);
    assert_eq!(eve.guess(device.address, &device.code).await, refused);
    assert_eq!(eve.guess(device.address, &other.code).await, refused);
    assert!(device.clients.list().is_empty());
}

#[tokio::test]
async fn ten_guesses_kill_a_code_also_across_a_restart_and_another_is_shown() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let code = device.code.clone();
    let (eve, address) = (Client::new(), device.address);
    tokio::join!(
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
    );
    device.stop().await;

    let mut device = home.serve(upstream.address).await;
    let shown = secret_of(&device.code);
    assert!(shown.matches(secret_of(&code).expose()), "the same again");
    let address = device.address;
    tokio::join!(
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
        eve.guess(address, &code),
    );
    let late = Client::new().pair(address, &code).await;
    assert!(is_unproved(&late.unwrap_err()));
    assert!(device.clients.list().is_empty());

    let fresh = device.next_code().await;
    Client::new().pair(address, &fresh).await.unwrap();
}

#[tokio::test]
async fn a_user_who_refuses_leaves_nothing_behind() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let ada = Client::new();
    for _ in 0..12 {
        let mut tls = ada.knock(device.address).await.unwrap();
        let deciding = ada.prove(&mut tls, &device.code).await.unwrap();
        pairing::write_frame(&mut tls, &deciding.refuse())
            .await
            .unwrap();
        // The device ends the connection once it has read that.
        assert!(pairing::read_frame(&mut tls).await.is_err());
    }
    assert!(device.clients.list().is_empty());
    // It was proved each time, so it counts against nobody.
    ada.pair(device.address, &device.code).await.unwrap();
}

#[tokio::test]
async fn a_client_that_goes_before_the_last_word_is_recorded_and_let_in() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let ada = Client::new();
    let mut tls = ada.knock(device.address).await.unwrap();
    let deciding = ada.prove(&mut tls, &device.code).await.unwrap();
    let (_, consented, commit) = deciding.consent();
    pairing::write_frame(&mut tls, &commit).await.unwrap();
    drop(tls);
    assert!(matches!(device.event().await, Event::Paired(_)));
    device.stop().await;

    let device = home.serve(upstream.address).await;
    let granted = consented.into_granted();
    let mut http = ada.http(device.address, &granted).await;
    let answer = http.send_request(get("/")).await.unwrap();
    assert!(text(answer).await.starts_with("GET /\n"));
}

#[tokio::test]
async fn messages_that_are_none_end_the_exchange_with_a_reason() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let eve = Client::new();
    let mut tls = eve.knock(device.address).await.unwrap();
    pairing::write_frame(&mut tls, b"no CBOR").await.unwrap();
    let last = pairing::read_frame(&mut tls).await.unwrap();
    assert_eq!(
        settle_protocol::pairing::message::Message::read(&last),
        Err(PairingError::Aborted(AbortReason::Protocol))
    );
    assert!(device.clients.list().is_empty());
}

#[tokio::test]
async fn the_picture_of_a_used_code_is_removed() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    Client::new()
        .pair(device.address, &device.code)
        .await
        .unwrap();
    until(|| !home.picture().exists()).await;
}

#[tokio::test]
async fn a_device_stays_who_it_is_and_says_so_when_it_cannot() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let fingerprint = device.fingerprint;
    Client::new()
        .pair(device.address, &device.code)
        .await
        .unwrap();
    device.stop().await;
    let device = home.serve(upstream.address).await;
    assert_eq!(device.fingerprint, fingerprint);
    device.stop().await;

    let identity = home.state().join("identity");
    let good = std::fs::read(&identity).unwrap();
    std::fs::write(&identity, &good[1..]).unwrap();
    let error = open(&home, &upstream).await;
    assert!(error.to_string().contains("identity is damaged"), "{error}");

    std::fs::remove_file(&identity).unwrap();
    let error = open(&home, &upstream).await;
    assert!(matches!(
        &error,
        DeviceError::Identity(IdentityError::State(StateError::Missing(path)))
            if path == Path::new(&identity)
    ));
    assert!(!identity.exists(), "no new identity is made in its place");
}

async fn open(home: &Home, upstream: &Upstream) -> DeviceError {
    let (events, _) = mpsc::channel(1);
    Device::open(home.settings(upstream.address), events)
        .await
        .unwrap_err()
}

/// Waits for a condition, as long as the test runner lets a test run.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}

/// What the device says to a client that it does not let in.
async fn alert_of(client: &Client, address: SocketAddr, device: &Granted) -> AlertDescription {
    let mut tls = client.open(address, device).await.unwrap();
    let error = tls.read_u8().await.unwrap_err();
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::AlertReceived(alert)) => *alert,
        _ => panic!("{error}"),
    }
}

#[tokio::test]
async fn who_was_refused_while_deciding_is_not_recorded_any_more() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let (address, ada) = (device.address, Client::new());
    let mut tls = ada.knock(address).await.unwrap();
    let deciding = ada.prove(&mut tls, &device.code).await.unwrap();
    let alert = alert_of(&ada, address, deciding.granted()).await;
    assert_eq!(alert, AlertDescription::AccessDenied);

    let (state, _, commit) = deciding.consent();
    pairing::write_frame(&mut tls, &commit).await.unwrap();
    let last = pairing::read_frame(&mut tls).await.unwrap();
    assert_eq!(
        state.receive(&last).unwrap_err(),
        PairingError::Aborted(AbortReason::Failed)
    );
    assert!(device.clients.list().is_empty());
    ada.pair(address, &device.code).await.unwrap();
}

#[tokio::test]
async fn a_certificate_without_its_key_ends_nobodys_pairing() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let (address, ada) = (device.address, Client::new());
    let mut tls = ada.knock(address).await.unwrap();
    let deciding = ada.prove(&mut tls, &device.code).await.unwrap();
    let eve = Client::with_certificate_of(&ada);
    let alert = alert_of(&eve, address, deciding.granted()).await;
    assert_ne!(alert, AlertDescription::AccessDenied);

    let (state, _, commit) = deciding.consent();
    pairing::write_frame(&mut tls, &commit).await.unwrap();
    let last = pairing::read_frame(&mut tls).await.unwrap();
    state.receive(&last).unwrap();
    assert_eq!(device.clients.list().len(), 1);
}
