//! Strangers who take all the places there are.

use hyper::StatusCode;

use crate::client::{Client, get, tcp_from};
use crate::device::Home;
use crate::upstream::Upstream;

#[tokio::test]
async fn idle_connections_of_a_stranger_keep_nobody_out() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let mut held = Vec::new();
    for _ in 0..300 {
        held.push(tcp_from("127.0.0.2:0", device.address).await);
    }
    let ada = Client::new();
    let granted = ada.pair(device.address, &device.code).await.unwrap();
    let mut http = ada.http(device.address, &granted).await;
    let answer = http.send_request(get("/")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    drop(held);
}

#[tokio::test]
async fn pairings_that_are_never_finished_keep_nobody_out() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let eve = Client::new();
    let mut held = Vec::new();
    for _ in 0..40 {
        held.push(eve.knock(device.address).await.unwrap());
    }
    let ada = Client::new();
    ada.pair(device.address, &device.code).await.unwrap();
    drop(held);
}

/// More than a device has for all its clients.
const GREEDY: usize = 400;

#[tokio::test]
async fn a_client_that_takes_all_the_connections_keeps_no_other_out() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let (ada, eve) = (Client::new(), Client::new());
    let granted = ada.pair(device.address, &device.code).await.unwrap();
    let mut first = ada.http(device.address, &granted).await;
    device.button.press();
    let code = device.next_code().await;
    let greedy = eve.pair(device.address, &code).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..GREEDY {
        held.push(eve.http(device.address, &greedy).await);
    }
    let mut second = ada.http(device.address, &granted).await;
    for http in [&mut first, &mut second] {
        let answer = http.send_request(get("/")).await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
    // It has lost its own oldest ones, and no more than there was need for.
    held.reverse();
    let newest = held.first_mut().unwrap();
    let answer = newest.send_request(get("/")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let oldest = held.last_mut().unwrap();
    let ended = oldest.ready().await.is_err() || oldest.send_request(get("/")).await.is_err();
    assert!(ended, "the oldest one is ended");
}
