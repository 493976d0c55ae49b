//! A client of before a reset: its key is on no list, even where it learns the device's new root.

use settle_device::Reset;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, get};
use crate::device::Home;
use crate::upstream::Upstream;

#[tokio::test]
async fn a_key_of_before_is_refused_by_the_device_as_it_is_now() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let (ada, bob) = (Client::new(), Client::new());
    let before = ada.pair(device.address, &device.code).await.unwrap();
    let old_code = device.code.clone();
    device.stop().await;
    let reset = Reset::prepare(&home.state(), None).unwrap();
    assert_eq!(reset.before(), Some(&before.unique_name));
    let fresh = reset.carry_out().unwrap();

    let device = home.serve(upstream.address).await;
    assert_eq!(device.fingerprint, fresh.fingerprint);
    assert!(bob.pair(device.address, &old_code).await.is_err());
    let now = bob.pair(device.address, &device.code).await.unwrap();
    assert_eq!(now.unique_name, fresh.unique_name);
    let mut http = bob.http(device.address, &now).await;
    assert!(
        http.send_request(get("/"))
            .await
            .unwrap()
            .status()
            .is_success()
    );
    // By her own anchor she does not get as far as to show her key.
    assert!(ada.open(device.address, &before).await.is_err());
    // A client of TLS 1.3 ends its handshake before the device has judged its key: the answer tells.
    if let Ok(mut tls) = ada.open(device.address, &now).await {
        let asked = tls.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
        assert!(asked.is_err() || !matches!(tls.read(&mut [0; 16]).await, Ok(1..)));
    }
}
