//! The owner's command killed before each system call of a change, at the moment when old entries move
//! to the archive too: the change and its entry are there, or neither, and the log is whole.

use std::fs;
use std::path::Path;

use serde_json::Value;
use settle_tests::strike::{Point, Strike};

use super::{House, command};

const CALLS: [&str; 5] = [
    "?rename,?renameat,renameat2",
    "fsync",
    "?unlink,unlinkat",
    "write",
    "?open,openat",
];

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

fn register(state: &Path) -> Value {
    content(&state.join("register"))
}

fn content(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_str(text.split_once('\n').unwrap().1).unwrap()
}

#[test]
fn a_change_and_its_entry_survive_any_crash_together_or_not_at_all() {
    let house = House::paired();
    let (home, device) = (&house.home, &house.device);
    let state = device.state().to_path_buf();
    // So many that the next one moves them to the archive.
    while register(&state)["journal"]["recent"]
        .as_array()
        .unwrap()
        .len()
        < 32
    {
        command(home, device, &["sticker", "--name", "printer"]);
    }
    let (before, scene) = (home.path().join("before"), home.path().join("scene"));
    copy(&state, &before);
    let old = register(&before);
    let (mut kills, mut done) = (0, 0);
    for call in CALLS {
        for nth in 1.. {
            copy(&before, &scene);
            let folder = scene.to_str().unwrap();
            let arguments = ["sticker", "--name", "printer", "--state", folder];
            let point = Point { call, nth };
            let mut strike = Strike::start(home, "settle-device", &arguments, point, &[]);
            strike.wait_for_end();
            let killed = strike.was_killed();
            let now = register(&scene);
            let changed = now["codes"] != old["codes"];
            assert_eq!(
                changed,
                now["journal"]["last"] != old["journal"]["last"],
                "{point:?}"
            );
            // The next start puts right what is left of it, and finds nothing amiss.
            let mut again = home.command("settle-device");
            again.args(["audit", "--json", "--state", folder]);
            let output = again.output().unwrap();
            assert!(output.status.success(), "{point:?}: {output:?}");
            let log: Value = serde_json::from_slice(&output.stdout).unwrap();
            let entries = log["entries"].as_array().unwrap();
            assert!(entries.iter().all(|entry| entry["event"] != "log_damaged"));
            assert_eq!(entries.len(), if changed { 33 } else { 32 }, "{point:?}");
            done += usize::from(changed);
            if !killed {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 20 && done > CALLS.len(), "{kills} {done}");
}

#[test]
fn a_rollover_survives_any_crash_whole_or_not_at_all_and_the_log_says_which() {
    let house = House::paired();
    let (home, device) = (&house.home, &house.device);
    let (before, scene) = (home.path().join("before"), home.path().join("scene"));
    copy(device.state(), &before);
    let old = content(&before.join("identity"));
    let ask = |subcommand: &str| -> Value {
        let mut command = home.command("settle-device");
        command.args([subcommand, "--json", "--state", scene.to_str().unwrap()]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let (mut kills, mut done) = (0, 0);
    for call in CALLS {
        for nth in 1.. {
            copy(&before, &scene);
            let arguments = ["rollover", "--state", scene.to_str().unwrap()];
            let point = Point { call, nth };
            let mut strike = Strike::start(home, "settle-device", &arguments, point, &[]);
            strike.wait_for_end();
            let killed = strike.was_killed();
            let now = content(&scene.join("identity"));
            let rolled = now["root_key"] != old["root_key"];
            // The key, the root and the link to it: all are new, or none is.
            assert_eq!(rolled, now["root"] != old["root"], "{point:?}");
            let links = now["rollovers"].as_array().map_or(0, Vec::len);
            assert_eq!(links, usize::from(rolled), "{point:?}");
            // The next start tells what the crash left untold, once.
            for _ in 0..2 {
                let log = ask("audit");
                let entries = log["entries"].as_array().unwrap();
                let told = entries.iter().filter(|one| one["event"] == "rolled_over");
                assert_eq!(told.count(), usize::from(rolled), "{point:?}");
                assert!(entries.iter().all(|one| one["event"] != "log_damaged"));
            }
            assert_eq!(ask("status")["unique_name"], device.unique_name());
            done += usize::from(rolled);
            if !killed {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills > 15 && done > CALLS.len(), "{kills} {done}");
}
