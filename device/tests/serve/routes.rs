//! Several things behind one device: each request reaches the one that its path is of, and no other.

use std::convert::Infallible;
use std::fs;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use settle_device::{Caller, Handler, MountPath, Settings, UpstreamUrl, Upstreams};
use settle_protocol::pairing::client::Granted;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, Http, get, text};
use crate::device::{Home, Served};
use crate::upstream::Upstream;

/// Two interfaces, a folder, and the program itself.
struct Scene {
    home: Home,
    front: Upstream,
    api: Upstream,
    device: Served,
    ada: Client,
    granted: Granted,
}

const POLICY: &str = "
otherwise = 'admin'

[[rule]]
path = '/api'
role = 'admin'

[[rule]]
path = '/'
role = 'guest'
";

impl Scene {
    async fn new() -> Self {
        let home = Home::new();
        let (front, api) = (Upstream::start().await, Upstream::start().await);
        let folder = home.path().join("docs");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.html"), "a page").unwrap();
        let url = |upstream: &Upstream, base: &str| -> UpstreamUrl {
            format!("http://{}{base}", upstream.address)
                .parse()
                .unwrap()
        };
        let upstreams = Upstreams::default()
            .mount("/api".parse().unwrap(), url(&api, "/v1"))
            .and_then(|all| all.mount("/docs".parse().unwrap(), folder))
            .and_then(|all| all.mount("/own".parse().unwrap(), own()))
            .and_then(|all| all.mount(MountPath::root(), url(&front, "")));
        let settings = Settings {
            upstreams: upstreams.unwrap(),
            policy: POLICY.parse().unwrap(),
            ..home.settings(front.address)
        };
        let device = Served::start(settings).await;
        let ada = Client::new();
        let granted = ada.pair(device.address, &device.code).await.unwrap();
        Self {
            home,
            front,
            api,
            device,
            ada,
            granted,
        }
    }

    async fn admin(&self) -> Http {
        self.ada.http(self.device.address, &self.granted).await
    }

    async fn ask(&self, path: &str) -> Response<Incoming> {
        self.admin().await.send_request(get(path)).await.unwrap()
    }

    async fn guest(&mut self) -> Http {
        self.device.button.press();
        let code = self.device.next_code().await;
        let bob = Client::new();
        let granted = bob.pair(self.device.address, &code).await.unwrap();
        bob.http(self.device.address, &granted).await
    }
}

/// Says who asks for what, takes bodies, and echoes after an upgrade.
fn own() -> Handler {
    Handler::new(service_fn(|mut request: Request<Incoming>| async move {
        let mut answer = Response::new(Full::default());
        if request.headers().contains_key("upgrade") {
            let upgraded = hyper::upgrade::on(&mut request);
            tokio::spawn(async move {
                let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded.await.unwrap()));
                drop(tokio::io::copy(&mut read, &mut write).await);
            });
            *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = answer.headers_mut();
            headers.insert("connection", "upgrade".parse().unwrap());
            headers.insert("upgrade", "websocket".parse().unwrap());
            return Ok::<_, Infallible>(answer);
        }
        let caller = request.extensions().get::<Caller>().unwrap().clone();
        let told = format!(
            "{} {} {} {} {}",
            request.method(),
            request.uri(),
            caller.role,
            request.headers()["settle-role"].to_str().unwrap(),
            request.headers()["host"].to_str().unwrap(),
        );
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let body = [told.into_bytes(), body.to_vec()].concat();
        *answer.body_mut() = Full::new(Bytes::from(body));
        answer
            .headers_mut()
            .insert("settle-refusal", "forged".parse().unwrap());
        Ok(answer)
    }))
}

#[tokio::test]
async fn each_request_reaches_the_one_that_its_path_is_of() {
    let scene = Scene::new().await;
    let told = text(scene.ask("/jobs?x=1").await).await;
    assert!(told.starts_with("GET /jobs?x=1\n"), "{told}");
    assert!(told.contains(&format!("host: {}", scene.front.address)));
    let told = text(scene.ask("/api/jobs?x=1").await).await;
    assert!(told.starts_with("GET /v1/api/jobs?x=1\n"), "{told}");
    assert!(told.contains(&format!("host: {}", scene.api.address)));
    let answer = scene.ask("/docs/a.html").await;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(text(answer).await, "a page");
    let mut request = get("/own/x?y");
    request
        .headers_mut()
        .insert("settle-role", "owner".parse().unwrap());
    *request.method_mut() = hyper::Method::POST;
    *request.body_mut() = Full::from("body");
    let answer = scene.admin().await.send_request(request).await.unwrap();
    assert!(!answer.headers().contains_key("settle-refusal"));
    let told = text(answer).await;
    assert_eq!(told, "POST /own/x?y admin admin printer.localbody");
    // What is there when the device is asked is what it has.
    fs::write(scene.home.path().join("docs/b.html"), "another").unwrap();
    assert_eq!(text(scene.ask("/docs/b.html").await).await, "another");
}

#[tokio::test]
async fn a_websocket_opens_through_each() {
    let scene = Scene::new().await;
    for path in ["/socket", "/own/socket"] {
        let mut request = get(path);
        let headers = request.headers_mut();
        headers.insert("connection", "Upgrade".parse().unwrap());
        headers.insert("upgrade", "websocket".parse().unwrap());
        let mut answer = scene.admin().await.send_request(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS, "{path}");
        let mut socket = TokioIo::new(hyper::upgrade::on(&mut answer).await.unwrap());
        let mut echo = [0; 5];
        socket.write_all(b"hello").await.unwrap();
        socket.read_exact(&mut echo).await.unwrap();
        assert_eq!(&echo, b"hello", "{path}");
    }
}

#[tokio::test]
async fn no_request_is_judged_for_one_and_sent_to_another() {
    let mut scene = Scene::new().await;
    let mut guest = scene.guest().await;
    for path in [
        "/api/jobs",
        "/API/jobs",
        "/%61pi",
        "/api;x/jobs",
        "/x/..;/api",
        "/x/%2e%2e/api",
        "/api%3f",
        "/;/api",
    ] {
        guest.ready().await.unwrap();
        let answer = guest.send_request(get(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.headers().contains_key("x-upstream"), "{path}");
    }
    // An administrator may do all, and is still sent nowhere in doubt.
    for path in ["/API/jobs", "/api;x/jobs", "/x/%2e%2e/api", "/api%3f"] {
        let mut admin = scene.admin().await;
        let answer = admin.send_request(get(path)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(!answer.headers().contains_key("x-upstream"), "{path}");
    }
}
