//! A factory reset by the program itself: what binds a device to its owners is gone from the disk,
//! what they still hold of it is of no use, and a power cut at any moment leaves no device half reset.

mod kills;

use std::fs;
use std::path::Path;

use data_encoding::{BASE32_NOPAD, BASE64_NOPAD, HEXLOWER, HEXUPPER};
use serde_json::Value;
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::ErrorKind;
use settle_tests::device::{Setup, own_address};
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::{House, browser_of};

/// What a state file holds.
fn body(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

/// Resets the device of a state directory, as a script does.
fn reset(home: &Home, state: &Path) -> Value {
    let mut command = home.command("settle-device");
    command
        .args(["reset", "--yes", "--json", "--state"])
        .arg(state);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    said["reset"].clone()
}

/// The secrets of a device's owners, and whom it knew.
struct Secrets(Vec<(&'static str, Vec<u8>)>);

impl Secrets {
    fn of(state: &Path) -> Self {
        let identity = body(&state.join("identity"));
        let register = body(&state.join("register"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let hex = |value: &Value| HEXLOWER.decode(text(value).as_bytes()).unwrap();
        let key = text(&identity["root_key"]);
        let key = data_encoding::BASE64.decode(key.as_bytes()).unwrap();
        let mut secrets = vec![
            ("discovery key", hex(&identity["discovery_key"])),
            // RFC 5915 §3: version, then the key, in the octets of PKCS #8.
            ("root key", scalar(&key).to_vec()),
        ];
        for client in register["clients"].as_array().unwrap() {
            secrets.push(("client", hex(&client["key"])));
        }
        for code in register["codes"].as_array().unwrap() {
            secrets.push(("code", hex(&code["secret"])));
        }
        Self(secrets)
    }

    /// Looks for each in all that a directory holds, in every spelling.
    #[track_caller]
    fn are_not_in(&self, state: &Path) {
        for entry in fs::read_dir(state).unwrap() {
            let path = entry.unwrap().path();
            let Ok(content) = fs::read(&path) else {
                continue;
            };
            for (name, secret) in &self.0 {
                let found = found_in(&content, secret);
                assert_eq!(found, None, "a {name} in {}", path.display());
            }
        }
    }

    /// They are found where they are known to be, or looking for them says nothing.
    #[track_caller]
    fn are_in(&self, state: &Path) {
        let contents: Vec<_> = ["identity", "register"]
            .map(|file| fs::read(state.join(file)).unwrap())
            .into();
        for (name, secret) in &self.0 {
            let found = |content: &Vec<u8>| found_in(content, secret).is_some();
            assert!(contents.iter().any(found), "no {name}");
        }
    }
}

/// The private key inside of its PKCS #8.
fn scalar(pkcs8: &[u8]) -> &[u8] {
    const BEFORE: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = pkcs8
        .windows(BEFORE.len())
        .position(|window| window == BEFORE)
        .unwrap();
    &pkcs8[at + BEFORE.len()..][..32]
}

/// The spelling in which a secret is in a content. Inside of a longer encoded text, as the key is in
/// that of its PKCS #8, its octets can begin at any place of a group.
fn found_in(content: &[u8], secret: &[u8]) -> Option<&'static str> {
    let has = |part: &[u8]| content.windows(part.len()).any(|window| window == part);
    let spelt = [
        ("lower hex", HEXLOWER, 1),
        ("upper hex", HEXUPPER, 1),
        ("Base64", BASE64_NOPAD, 3),
        ("Base32", BASE32_NOPAD, 5),
    ];
    if has(secret) {
        return Some("raw");
    }
    for (name, encoding, group) in spelt {
        for skipped in 0..group {
            let whole = (secret.len() - skipped) / group * group;
            let text = encoding.encode(&secret[skipped..skipped + whole]);
            if has(text.as_bytes()) || has(text.to_lowercase().as_bytes()) {
                return Some(name);
            }
        }
    }
    None
}

#[test]
fn nothing_of_before_is_left_on_the_disk() {
    let house = House::paired();
    let state = house.device.state().to_path_buf();
    for arguments in [["code", "--json"], ["sticker", "--name=printer"]] {
        let mut command = house.home.command("settle-device");
        command.args(arguments).arg("--state").arg(&state);
        assert!(command.output().unwrap().status.success());
    }
    drop(house.device);
    // What a power cut and a damaged log may have left behind counts too.
    fs::copy(state.join("register"), state.join(".register.0123")).unwrap();
    fs::copy(state.join("register"), state.join("audit.damaged-1")).unwrap();
    let secrets = Secrets::of(&state);
    assert!(secrets.0.len() > 4, "a client and two codes");
    secrets.are_in(&state);
    let before = body(&state.join("identity"));
    reset(&house.home, &state);
    secrets.are_not_in(&state);
    assert_eq!(before["label"], body(&state.join("identity"))["label"]);
    assert_ne!(before["root"], body(&state.join("identity"))["root"]);
}

#[test]
fn what_earlier_owners_hold_of_a_device_is_of_no_use_after_its_reset() {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let setup = Setup {
        listen: own_address(),
        ..Setup::default()
    };
    let device = Device::start_as(&home, upstream.address(), &setup);
    let mut connector = Connector::start(&home);
    connector.pair(device.code());
    let browser = browser_of(&mut connector);
    assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    let mut sticker = home.command("settle-device");
    sticker.args(["sticker", "--name", "printer", "--json", "--state"]);
    let printed = sticker.arg(device.state()).output().unwrap();
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let (address, state) = (device.address(), device.state().to_path_buf());
    drop(device);
    let said = reset(&home, &state);
    assert_ne!(said["before"], said["unique_name"]);

    let asked = upstream.requests().len();
    let again = Setup {
        listen: address,
        shows_code: true,
        ..setup
    };
    let device = Device::start_as(&home, upstream.address(), &again);
    assert_eq!(said["unique_name"], device.unique_name());
    // The old anchor: the host blocks what shows another key, and says what may have happened.
    let page = browser.get("printer.local", "/").unwrap();
    assert_eq!(page.header("settle-refusal"), Some("wrong_key"));
    assert!(
        page.body.contains("If the device was reset"),
        "{}",
        page.body
    );
    // The old sticker: its root is nobody's, and its secret is of no code.
    let material = PairingMaterial::parse(printed["code"].as_str().unwrap()).unwrap();
    let lured = PairingMaterial {
        addresses: vec![device.address()],
        ..material
    };
    let refused = connector.start_pairing(&lured.to_code()).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::OtherDevice);
    assert_eq!(upstream.requests().len(), asked, "nobody was let through");
    assert_eq!(device.clients_on_disk(), 0);
    // A new owner is the first.
    let mut other = Other::new();
    other.connector.pair(device.code());
    let page = browser_of(&mut other.connector).get("printer.local", "/");
    assert_eq!(page.unwrap().status, 200);
    let seen = upstream.requests();
    assert_eq!(seen.last().unwrap().header("settle-role"), Some("admin"));
}

/// Another computer.
struct Other {
    connector: Connector,
    _home: Home,
}

impl Other {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        Self {
            connector: Connector::start(&home),
            _home: home,
        }
    }
}

#[test]
fn a_device_that_runs_is_not_reset_and_nobody_is_unless_it_is_meant() {
    let house = House::paired();
    let state = house.device.state().to_path_buf();
    let attempt = |arguments: &[&str]| {
        let mut command = house.home.command("settle-device");
        command.arg("reset").args(arguments);
        let output = command.arg("--state").arg(&state).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let said = attempt(&["--yes"]);
    assert!(said.contains("stop it, reset it"), "{said}");
    assert_eq!(house.device.clients_on_disk(), 1);
    drop(house.device);
    let said = attempt(&[]);
    assert!(said.contains("give --yes"), "{said}");
    let said = attempt(&["--yes", "--name", "camera"]);
    assert!(said.contains("\"printer\""), "{said}");
    assert_eq!(
        body(&state.join("register"))["clients"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}
