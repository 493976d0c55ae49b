//! A policy in front of a real interface: what it does not allow, the interface never hears of.

use hyper::StatusCode;
use settle_device::Settings;

use crate::client::{Client, get, text};
use crate::device::{Home, Served};
use crate::upstream::Upstream;

const POLICY: &str = "
roles = ['operator']
otherwise = 'admin'

[[rule]]
path = '/'
methods = ['GET']
role = 'guest'
";

#[tokio::test]
async fn a_guest_may_read_and_nothing_else_reaches_the_interface() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let settings = Settings {
        policy: POLICY.parse().unwrap(),
        ..home.settings(upstream.address)
    };
    let mut device = Served::start(settings).await;
    let ada = Client::new();
    let granted = ada.pair(device.address, &device.code).await.unwrap();
    let mut admin = ada.http(device.address, &granted).await;
    device.button.press();
    let code = device.next_code().await;
    let bob = Client::new();
    let granted = bob.pair(device.address, &code).await.unwrap();
    let mut guest = bob.http(device.address, &granted).await;

    let mut request = get("/jobs");
    for name in ["x-http-method-override", "x_original_url", "x-rewrite-url"] {
        let headers = request.headers_mut();
        headers.insert(name, "/admin".parse().unwrap());
    }
    let answer = guest.send_request(request).await.unwrap();
    let told = text(answer).await;
    assert!(told.contains("settle-role: guest"), "{told}");
    assert!(!told.contains("/admin"), "{told}");

    for (method, path) in [("POST", "/jobs"), ("GET", "/a/%2e%2e/b"), ("get", "/jobs")] {
        let mut request = get(path);
        *request.method_mut() = method.parse().unwrap();
        guest.ready().await.unwrap();
        let answer = guest.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(!answer.headers().contains_key("x-upstream"));
        assert!(text(answer).await.contains("paired with"));
    }
    let mut socket = get("/socket");
    let headers = socket.headers_mut();
    headers.insert("connection", "Upgrade".parse().unwrap());
    headers.insert("upgrade", "websocket".parse().unwrap());
    guest.ready().await.unwrap();
    let answer = guest.send_request(socket).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);

    let mut request = get("/jobs");
    *request.method_mut() = hyper::Method::POST;
    let answer = admin.send_request(request).await.unwrap();
    assert_eq!(answer.headers()["x-upstream"], "yes");
}
