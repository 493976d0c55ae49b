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
