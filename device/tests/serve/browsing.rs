//! What paired clients, removed ones and strangers get from the web interface behind the device.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::CONTENT_SECURITY_POLICY;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use settle_protocol::pairing::client::Granted;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{self, Client, Http, get, text};
use crate::device::{Home, Served};
use crate::upstream::Upstream;

/// A device with one client.
struct Paired {
    _home: Home,
    upstream: Upstream,
    device: Served,
    client: Client,
    granted: Granted,
}

impl Paired {
    async fn new() -> Self {
        let (home, upstream) = (Home::new(), Upstream::start().await);
        let device = home.serve(upstream.address).await;
        let client = Client::new();
        let granted = client.pair(device.address, &device.code).await.unwrap();
        Self {
            _home: home,
            upstream,
            device,
            client,
            granted,
        }
    }

    async fn http(&self) -> Http {
        self.client.http(self.device.address, &self.granted).await
    }

    async fn upgraded(&self) -> TokioIo<hyper::upgrade::Upgraded> {
        let mut request = get("/socket");
        let headers = request.headers_mut();
        headers.insert("connection", "Upgrade".parse().unwrap());
        headers.insert("upgrade", "websocket".parse().unwrap());
        let mut answer = self.http().await.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
        TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap())
    }
}

#[tokio::test]
async fn a_paired_clients_requests_reach_the_interface_and_say_whose_they_are() {
    let paired = Paired::new().await;
    let mut http = paired.http().await;
    let mut request = get("/jobs?which=all");
    for (name, value) in [
        ("settle-role", "owner"),
        ("settle-client", "me"),
        ("x-forwarded-for", "192.0.2.1"),
        ("connection", "x-private"),
        ("x-private", "1"),
        ("cookie", "a=b"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = http.send_request(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-upstream"], "yes");
    assert!(!answer.headers().contains_key("settle-refusal"));
    let told = text(answer).await;
    assert!(told.starts_with("GET /jobs?which=all\n"), "{told}");
    let key = paired.client.key.fingerprint();
    for line in [
        "x-forwarded-host: printer.local\n",
        "settle-role: admin\n",
        &format!("settle-client: {key}\n"),
        "x-forwarded-proto: https\n",
        "x-forwarded-for: 127.0.0.1\n",
        "cookie: a=b\n",
    ] {
        assert_eq!(told.matches(line).count(), 1, "{line} in {told}");
    }
    assert!(!told.contains("x-private"));
}

#[tokio::test]
async fn bodies_pass_both_ways_on_a_connection_that_is_kept() {
    let paired = Paired::new().await;
    let mut http = paired.http().await;
    let body = Bytes::from(vec![b'x'; 3_000_000]);
    for _ in 0..2 {
        let request = Request::post("/mirror")
            .header("host", "printer.local")
            .body(Full::new(body.clone()))
            .unwrap();
        http.ready().await.unwrap();
        let answer = http.send_request(request).await.unwrap();
        assert_eq!(text(answer).await.len(), body.len());
    }
}

#[tokio::test]
async fn an_upgraded_connection_passes_both_ways_until_its_client_is_removed() {
    let paired = Paired::new().await;
    let mut socket = paired.upgraded().await;
    let mut echo = [0; 5];
    socket.write_all(b"hello").await.unwrap();
    socket.read_exact(&mut echo).await.unwrap();
    assert_eq!(&echo, b"hello");

    let key = paired.client.key.fingerprint();
    assert!(paired.device.clients.remove(key).await.unwrap());
    assert!(!matches!(socket.read(&mut echo).await, Ok(1..)));
}

#[tokio::test]
async fn a_removed_client_is_refused_at_once_on_connections_old_and_new() {
    let paired = Paired::new().await;
    let mut http = paired.http().await;
    let answer = http.send_request(get("/")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    text(answer).await;

    let key = paired.client.key.fingerprint();
    assert!(paired.device.clients.remove(key).await.unwrap());
    match http.send_request(get("/")).await {
        Ok(answer) => assert_eq!(answer.status(), StatusCode::FORBIDDEN),
        Err(error) => assert!(error.is_canceled() || error.is_closed() || !error.is_user()),
    }
    assert!(is_refused(&paired.client, &paired).await);
}

#[tokio::test]
async fn a_key_that_is_on_no_list_is_refused() {
    let paired = Paired::new().await;
    assert!(is_refused(&Client::new(), &paired).await);
}

/// A client of TLS 1.3 ends its handshake before the device has judged its key: the answer tells.
async fn is_refused(client: &Client, paired: &Paired) -> bool {
    match client.open(paired.device.address, &paired.granted).await {
        Ok(mut tls) => {
            let asked = tls.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await;
            asked.is_err() || !matches!(tls.read(&mut [0; 16]).await, Ok(1..))
        }
        Err(_) => true,
    }
}

#[tokio::test]
async fn a_stranger_sees_how_to_pair_and_nothing_else() {
    let paired = Paired::new().await;
    let (root, name) = (&paired.granted.root, &paired.granted.unique_name);
    for path in ["/", "/jobs", "/mirror"] {
        let tls = client::visit(paired.device.address, root, name)
            .await
            .unwrap();
        let mut http = client::http(tls).await;
        let answer = http.send_request(get(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        assert!(answer.headers().contains_key(CONTENT_SECURITY_POLICY));
        assert!(!answer.headers().contains_key("x-upstream"));
        let page = text(answer).await;
        assert!(page.contains("not paired") && !page.contains("<script"));
    }
}

#[tokio::test]
async fn an_interface_that_is_away_is_told_from_a_device_that_is() {
    let paired = Paired::new().await;
    let mut http = paired.http().await;
    drop(paired.upstream);
    // The listener closes when its task has gone.
    loop {
        http.ready().await.unwrap();
        let answer = http.send_request(get("/")).await.unwrap();
        let status = answer.status();
        let page = text(answer).await;
        if status == StatusCode::BAD_GATEWAY {
            assert!(page.contains("does not answer"));
            break;
        }
    }
}

#[tokio::test]
async fn requests_that_no_browser_makes_are_not_passed_on() {
    let paired = Paired::new().await;
    for request in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        "CONNECT printer.local:443 HTTP/1.1\r\nhost: printer.local:443\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: printer.local\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
    ] {
        let client = &paired.client;
        let mut tls = client
            .open(paired.device.address, &paired.granted)
            .await
            .unwrap();
        tls.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Not every refusal ends with a close notification.
        drop(tls.read_to_end(&mut answer).await);
        assert!(answer.starts_with(b"HTTP/1.1 400 "), "{request}");
    }
}
