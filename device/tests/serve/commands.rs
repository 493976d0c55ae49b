//! The owner's commands, on a device that runs and on one that does not.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use settle_device::Event;
use settle_protocol::material::{Lifetime, PairingMaterial};
use settle_protocol::pairing::message::Role;
use tokio::process::Command;

use crate::client::{Client, get, text};
use crate::device::Home;
use crate::upstream::Upstream;

async fn run(state: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_settle-device"))
        .args(arguments)
        .arg("--state")
        .arg(state)
        .env_clear()
        .output()
        .await
        .unwrap()
}

async fn json(state: &Path, arguments: &[&str]) -> Value {
    let output = run(state, &[arguments, &["--json"]].concat()).await;
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

async fn fails(state: &Path, arguments: &[&str]) -> String {
    let output = run(state, arguments).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn the_owner_manages_a_device_while_it_runs() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let state = home.state();
    let ada = Client::new();
    ada.pair(device.address, &device.code).await.unwrap();

    let status = json(&state, &["status"]).await;
    assert_eq!(status["running"], true);
    assert_eq!(status["address"], device.address.to_string());
    assert_eq!(status["fingerprint"], device.fingerprint.to_hex());
    assert_eq!(status["clients"], 1);

    let made = json(&state, &["code", "--role", "admin"]).await;
    let bob = Client::new();
    let code = made["code"].as_str().unwrap();
    let granted = bob.pair(device.address, code).await.unwrap();
    assert_eq!(granted.role, Role::Admin);
    assert!(bob.pair(device.address, code).await.is_err(), "it is one");

    let clients = json(&state, &["clients"]).await;
    let clients = clients["clients"].as_array().unwrap();
    assert_eq!(clients.len(), 2);
    assert!(clients.iter().all(|client| client["role"] == "admin"));

    let mut http = bob.http(device.address, &granted).await;
    let answer = http.send_request(get("/")).await.unwrap();
    assert!(text(answer).await.contains("settle-role: admin"));
    let key = bob.key.fingerprint().to_hex();
    json(&state, &["revoke", key.get(..10).unwrap()]).await;
    let refused = http.ready().await.is_err() || http.send_request(get("/")).await.is_err();
    assert!(refused, "its connection is cut");

    let last = ada.key.fingerprint().to_hex();
    let error = fails(&state, &["revoke", &last]).await;
    assert!(error.contains("the last administrator"), "{error}");
    json(&state, &["revoke", &last, "--leave-without-admin"]).await;
    assert!(device.clients.list().is_empty());
}

#[tokio::test]
async fn a_sticker_is_made_while_the_device_runs() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let mut device = home.serve(upstream.address).await;
    let picture = home.path().join("sticker.png");
    let picture = picture.to_str().unwrap();
    let made = json(
        &home.state(),
        &["sticker", "--name", "printer", "--qr-file", picture],
    )
    .await;
    assert!(Path::new(picture).is_file());
    let code = made["code"].as_str().unwrap();
    let material = PairingMaterial::parse(code).unwrap();
    assert_eq!(material.lifetime, Lifetime::Printed);
    assert_eq!(material.port, device.address.port());
    Client::new().pair(device.address, code).await.unwrap();
    assert!(matches!(device.event().await, Event::Paired(_)));
}

#[tokio::test]
async fn the_owner_manages_a_device_that_does_not_run() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let ada = Client::new();
    ada.pair(device.address, &device.code).await.unwrap();
    device.stop().await;
    let state = home.state();
    assert!(!state.join("control").exists());

    let status = json(&state, &["status"]).await;
    assert_eq!(status["running"], false);
    let made = json(&state, &["code"]).await;
    assert_eq!(made["role"], "guest");
    let error = fails(&state, &["code", "--role", "operator"]).await;
    assert!(error.contains("guest, admin"), "{error}");
    let error = fails(&state, &["revoke", "nobody"]).await;
    assert!(error.contains("settle-device clients"), "{error}");
    let key = ada.key.fingerprint().to_hex();
    json(&state, &["revoke", &key, "--leave-without-admin"]).await;

    let device = home.serve(upstream.address).await;
    assert!(device.clients.list().is_empty());
    let code = made["code"].as_str().unwrap();
    let granted = Client::new().pair(device.address, code).await.unwrap();
    assert_eq!(granted.role, Role::Guest, "made for a guest, and stays so");
}

#[tokio::test]
async fn no_device_is_made_by_asking_for_one() {
    let home = Home::new();
    for state in [home.path().to_path_buf(), home.state()] {
        let error = fails(&state, &["clients"]).await;
        assert!(error.contains("holds no device"), "{error}");
        assert!(!state.join("lock").exists());
    }
}

#[tokio::test]
async fn the_owners_door_is_the_owners_and_goes_with_the_device() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let door = home.state().join("control");
    let mode = std::fs::metadata(&door).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    device.stop().await;
    assert!(!door.exists());
    // What a killed one leaves behind is in nobody's way.
    drop(std::os::unix::net::UnixListener::bind(&door).unwrap());
    json(&home.state(), &["status"]).await;
    let device = home.serve(upstream.address).await;
    assert_eq!(json(&home.state(), &["status"]).await["running"], true);
    device.stop().await;
}

#[tokio::test]
async fn a_device_is_made_once_and_its_first_code_is_the_one_it_shows_later() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let state = home.state();
    let init = ["init", "--name", "printer", "--port", "443"];
    let made = json(&state, &init).await["init"].clone();
    assert_eq!(made["made"], true);
    let code = made["code"]["code"].as_str().unwrap();
    let material = PairingMaterial::parse(code).unwrap();
    assert_eq!((material.port, material.lifetime), (443, Lifetime::OneTime));
    assert!(made["unique_name"] == material.unique_name.as_str());
    // Again, and nothing is changed.
    let again = json(&state, &init).await["init"].clone();
    assert_eq!(again["made"], false);
    for same in ["unique_name", "fingerprint", "code"] {
        assert_eq!(again[same], made[same], "{same}");
    }
    let other = fails(&state, &["init", "--name", "camera"]).await;
    assert!(
        other.contains("belongs to the device \"printer\""),
        "{other}"
    );

    let device = home.serve(upstream.address).await;
    let shown = PairingMaterial::parse(&device.code).unwrap();
    assert!(shown.secret.matches(material.secret.expose()));
    let running = json(&state, &init).await["init"].clone();
    assert_eq!(
        (&running["running"], &running["made"]),
        (&true.into(), &false.into())
    );
    assert_eq!(running["fingerprint"], made["fingerprint"]);
    Client::new()
        .pair(device.address, &device.code)
        .await
        .unwrap();
    device.stop().await;
    let paired = json(&state, &init).await["init"].clone();
    assert_eq!(paired["code"], Value::Null);
    let said = run(&state, &init).await.stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("printer.local is there already"), "{said}");
    assert!(said.contains("settle-device code"), "{said}");
}
