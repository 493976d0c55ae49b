//! Somebody in the middle with two connections, one to each end, who passes every message on: the
//! client is given no fingerprint here, so SPAKE2 and its binding to the connection stand alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use settle_device::Event;
use settle_protocol::name::Label;
use settle_protocol::pairing::PairingError;
use settle_protocol::pairing::message::{AbortReason, Message};
use settle_transport::certificate::{self, PrivateKey};
use settle_transport::{danger, pairing};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::client::{Client, secret_of};
use crate::device::Home;
use crate::upstream::Upstream;

/// Takes one client and connects it to the device; returns what the device said last.
async fn stand_between(listener: TcpListener, device: SocketAddr) -> Result<Message, PairingError> {
    let (root_key, key) = (PrivateKey::make().unwrap(), PrivateKey::make().unwrap());
    let label = Label::parse("printer").unwrap();
    let names = [label.dot_local(), label.unique(&root_key.fingerprint())];
    let now = SystemTime::now();
    let root = certificate::device_root(&root_key, &names).unwrap();
    let leaf = certificate::device_leaf(&root_key, &root, &key, &names, now).unwrap();
    let identity = key.certified(vec![leaf, root]).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(
        danger::pairing_server(Arc::new(identity)).unwrap(),
    ));
    let (tcp, _) = listener.accept().await.unwrap();
    let mut victim = acceptor.accept(tcp).await.unwrap();
    let mut device = Client::new().knock(device).await.unwrap();

    let hello = pairing::read_frame(&mut victim).await.unwrap();
    pairing::write_frame(&mut device, &hello).await.unwrap();
    for _ in 0..2 {
        let answer = pairing::read_frame(&mut device).await.unwrap();
        pairing::write_frame(&mut victim, &answer).await.unwrap();
    }
    // The victim has gone by now, and what is left is to try the device alone.
    let guess = Message::Confirmation([0; 32]).to_bytes();
    pairing::write_frame(&mut device, &guess).await.unwrap();
    Message::read(&pairing::read_frame(&mut device).await.unwrap())
}

#[tokio::test]
async fn a_middle_that_passes_everything_on_fails_on_both_sides() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let middle = tokio::spawn(stand_between(listener, device.address));

    let client = Client::new();
    let mut tls = client.knock(address).await.unwrap();
    let proved = client.prove(&mut tls, &device.code).await;
    let error = proved.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&PairingError::NotConfirmed));
    drop(tls);
    assert_eq!(
        middle.await.unwrap(),
        Err(PairingError::Aborted(AbortReason::NotConfirmed))
    );
    assert!(matches!(device.event().await, Event::AttemptFailed));
    assert!(device.clients.list().is_empty());
    // The code is not spent by it.
    assert!(!secret_of(&device.code).matches(&[0; 16]));
    client.pair(device.address, &device.code).await.unwrap();
}
