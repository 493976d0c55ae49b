//! A reset killed before each system call that changes a file: after the next start the device is the
//! old one, whole, or the reset has come to its end by itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use settle_tests::Home;
use settle_tests::strike::{ON_FILES, Point, Strike};

use super::{House, Secrets, body};

/// Puts a state directory as it was.
fn copy(from: &Path, to: &Path) {
    if to.exists() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn names(state: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(state).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

/// What the device says of itself after it was cut off: this is its next start.
fn status(home: &Home, state: &Path) -> Value {
    let mut command = home.command("settle-device");
    command.args(["status", "--json", "--state"]).arg(state);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_reset_that_is_cut_off_anywhere_has_not_begun_or_comes_to_its_end() {
    let house = House::paired();
    let home = &house.home;
    let state = house.device.state().to_path_buf();
    let mut sticker = home.command("settle-device");
    sticker
        .args(["sticker", "--name", "printer", "--state"])
        .arg(&state);
    assert!(sticker.output().unwrap().status.success());
    drop(house.device);
    let (before, scene) = (home.path().join("before"), home.path().join("scene"));
    fs::copy(state.join("register"), state.join("audit.damaged-1")).unwrap();
    copy(&state, &before);
    let secrets = Secrets::of(&before);
    let old = status(home, &state);
    let (mut kills, mut unbegun, mut cut_off) = (0, 0, 0);
    for call in ON_FILES {
        for nth in 1.. {
            copy(&before, &scene);
            let folder = scene.to_str().unwrap();
            let arguments = ["reset", "--yes", "--state", folder];
            let point = Point { call, nth };
            let mut strike = Strike::start(home, "settle-device", &arguments, point, &[]);
            strike.wait_for_end();
            let killed = strike.was_killed();
            let marked = scene.join("reset").exists();
            let now = status(home, &scene);
            if now["fingerprint"] == old["fingerprint"] {
                assert!(killed && !marked, "{point:?}");
                assert_eq!(now["clients"], 1, "{point:?}");
                assert_eq!(
                    body(&scene.join("register"))["codes"],
                    body(&before.join("register"))["codes"],
                    "{point:?}"
                );
                unbegun += 1;
            } else {
                assert_eq!(now["clients"], 0, "{point:?}");
                secrets.are_not_in(&scene);
                let left = ["identity", "lock", "register"].map(str::to_owned);
                assert_eq!(names(&scene), left.into(), "{point:?}");
                cut_off += usize::from(marked);
            }
            if !killed {
                break;
            }
            kills += 1;
        }
    }
    // Among them are moments before the mark was written, and many after.
    assert!(
        kills > 40 && unbegun > 10 && cut_off > 15,
        "{kills} {unbegun} {cut_off}"
    );
}
