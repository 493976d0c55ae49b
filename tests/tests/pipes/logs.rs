//! Logs at their highest level, after a whole journey: no secret of it is in them.

use data_encoding::{BASE32_NOPAD, BASE64, BASE64_NOPAD, HEXLOWER};
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::{Call, Empty};
use settle_tests::{Home, Keyring};

use super::House;
use super::commands::{good, json};
use super::managing::typing;

#[test]
fn no_secret_is_in_any_log_at_the_highest_level() {
    let mut house = House::new();
    let code = house.device.code().to_owned();
    let mut cut = code.clone();
    cut.truncate(code.len() - 1);
    house.connector.start_pairing(&cut).unwrap_err();
    house.connector.pair(&code);
    let browser = house.browser();
    let cookie = "Cookie: session=a-cookie-of-the-user\r\nSec-Fetch-Site: none\r\n";
    browser
        .get_with("printer.local", "/?token=a-query-of-the-user", cookie)
        .unwrap();
    let proxy = house.connector.hello().unwrap().proxy;
    let device = house.connector.devices().remove(0).id;
    let Empty {} = house.connector.call(Call::RevokeDevice { device }).unwrap();
    house.home.end_daemon();

    let material = PairingMaterial::parse(&code).unwrap();
    let code = code.trim_start_matches("SETTLE:").to_owned();
    let token = proxy.host.trim_end_matches(".localhost").to_owned();
    let (root_key, discovery_key) = keys_of_the_device(&house);
    let mut secrets = vec![
        ("the code", code.get(..40).unwrap().to_owned()),
        ("the proxy's token", token),
        ("a cookie", "a-cookie-of-the-user".to_owned()),
        ("a query", "a-query-of-the-user".to_owned()),
        ("a private key", "PRIVATE KEY".to_owned()),
    ];
    secrets.extend(forms("the secret", material.secret.expose()));
    secrets.extend(forms("the device's root key", &root_key));
    secrets.extend(forms("the device's discovery key", &discovery_key));
    let logs = house.home.logs();
    let said = |word: &str| logs.iter().any(|(_, text)| text.contains(word));
    assert!(
        said("TRACE") && said("a session begins"),
        "nothing was logged"
    );
    for (what, secret) in secrets {
        for (file, log) in &logs {
            let found = log.to_lowercase().contains(&secret.to_lowercase());
            assert!(!found, "{what} is in {}", file.display());
        }
    }
}

#[test]
fn no_passphrase_is_in_any_log_at_the_highest_level() {
    const FIRST: &str = "the first passphrase of the user";
    const SECOND: &str = "the second passphrase of the user";
    const WRONG: &str = "another passphrase altogether";
    let mut house = House::paired();
    let backup = house.home.path().join("settle.backup");
    let backup = backup.to_str().unwrap();
    let code = house.device.code().trim_start_matches("SETTLE:").to_owned();
    let proxy = house.connector.hello().unwrap().proxy;
    for (arguments, typed, status) in [
        (&["export", backup][..], FIRST, 0),
        (&["restore", "--yes", backup], WRONG, 1),
        (&["restore", "--yes", backup], FIRST, 0),
        (&["protect", "passphrase"], SECOND, 0),
    ] {
        let (code, said) = typing(&house.home, arguments, &format!("{typed}\n"));
        assert_eq!(code, status, "{arguments:?}: {said}");
    }
    let drawn = house.home.path().join("drawn.backup");
    let exported = good(
        &house.home,
        &["export", "--draw", "--json", drawn.to_str().unwrap()],
    );
    let drawn = json(&exported)["passphrase"].as_str().unwrap().to_owned();
    house.home.end_daemon();
    for (typed, status) in [(WRONG, 1), (SECOND, 0)] {
        let (code, said) = typing(&house.home, &["unlock"], &format!("{typed}\n"));
        assert_eq!(code, status, "{said}");
    }
    good(&house.home, &["list"]);
    house.home.end_daemon();
    let token = proxy.host.trim_end_matches(".localhost");
    let code = code.get(..40).unwrap();
    let logs = house.home.logs();
    assert!(logs.iter().any(|(_, log)| log.contains("TRACE")));
    for secret in [FIRST, SECOND, WRONG, &drawn, token, code] {
        let spelled = format!("{:?}", secret.as_bytes());
        for (file, log) in &logs {
            let found =
                log.to_lowercase().contains(&secret.to_lowercase()) || log.contains(&spelled);
            assert!(!found, "{secret} is in {}", file.display());
        }
    }
}

#[test]
fn a_log_that_is_full_makes_room_and_is_the_users_alone() {
    let home = Home::new(Keyring::Unlocked);
    let folder = home.path().join(".local/state/settle");
    let (log, older) = (folder.join("daemon.log"), folder.join("daemon.1.log"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(&log, "an old line\n".repeat(100_000)).unwrap();
    good(&home, &["list"]);
    assert!(
        std::fs::read_to_string(&older)
            .unwrap()
            .ends_with("an old line\n")
    );
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("a session begins") && !text.contains("an old line"));
    for file in [log, older] {
        let mode = std::fs::metadata(file).unwrap().permissions();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
            0o600
        );
    }
}

/// The ways in which bytes get into a text.
fn forms(what: &'static str, bytes: &[u8]) -> [(&'static str, String); 4] {
    let list = format!("{bytes:?}");
    let list = list.trim_matches(['[', ']']).to_owned();
    [
        (what, BASE32_NOPAD.encode(bytes)),
        (what, BASE64_NOPAD.encode(bytes)),
        (what, HEXLOWER.encode(bytes)),
        (what, list),
    ]
}

/// What the device keeps for itself: the private number of its root key (RFC 5915 §3, inside of
/// PKCS #8), and the key of its names to come.
fn keys_of_the_device(house: &House) -> (Vec<u8>, Vec<u8>) {
    let file = std::fs::read_to_string(house.device.state().join("identity")).unwrap();
    let (_, body) = file.split_once('\n').unwrap();
    let stored: serde_json::Value = serde_json::from_str(body).unwrap();
    let field = |name: &str| stored[name].as_str().unwrap().as_bytes().to_vec();
    let pkcs8 = BASE64.decode(&field("root_key")).unwrap();
    // An octet string of 32 bytes.
    let number = pkcs8.windows(2).position(|pair| pair == [0x04, 0x20]);
    let begin = number.unwrap() + 2;
    let discovery_key = HEXLOWER.decode(&field("discovery_key")).unwrap();
    (pkcs8[begin..begin + 32].to_vec(), discovery_key)
}
