//! The systemd unit: well-formed, as tight as it says, and with every system call in its filter that
//! the program makes from its first start to a visit and a reset. No systemd runs here.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use settle_tests::process::{Running, program};
use settle_tests::{Connector, Home, Keyring, Upstream};

use super::browser_of;

const UNIT: &str = include_str!("../../../device/systemd/settle-device.service");
const PROGRAM: &str = "/usr/local/bin/settle-device";
/// In tenths: systemd calls up to 40 OK.
const MOST_EXPOSURE: &str = "20";

/// The unit beside the program that was built.
fn written(home: &Home) -> PathBuf {
    assert!(UNIT.contains(PROGRAM));
    let unit = UNIT.replace(PROGRAM, program("settle-device").to_str().unwrap());
    let file = home.path().join("settle-device.service");
    fs::write(&file, unit).unwrap();
    file
}

fn analyze(home: &Home, arguments: &[&str]) -> Output {
    let mut analyze = home.command_of(Path::new("systemd-analyze"));
    analyze.args(arguments).output().unwrap()
}

#[test]
fn the_unit_is_well_formed_and_tight() {
    let home = Home::new(Keyring::Missing);
    let file = written(&home);
    let file = file.to_str().unwrap();
    let verified = analyze(&home, &["verify", "--recursive-errors=no", file]);
    assert!(
        verified.status.success() && verified.stderr.is_empty(),
        "{verified:?}"
    );
    let threshold = format!("--threshold={MOST_EXPOSURE}");
    let judged = analyze(
        &home,
        &["security", "--offline=true", "--no-pager", &threshold, file],
    );
    let told = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(judged.status.success(), "{told}");
}

/// The calls of the groups and calls in a line of the filter.
fn calls_of(home: &Home, line: &str) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for word in line.split_whitespace() {
        if !word.starts_with('@') {
            calls.insert(word.to_owned());
            continue;
        }
        let listed = analyze(home, &["syscall-filter", "--no-pager", word]);
        let text = String::from_utf8(listed.stdout).unwrap();
        let members = text.lines().skip(1).map(str::trim);
        for member in members.filter(|member| !member.is_empty() && !member.starts_with('#')) {
            calls.extend(calls_of(home, member));
        }
    }
    calls
}

/// What the unit lets through.
fn allowed(home: &Home) -> BTreeSet<String> {
    let lines = UNIT
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    let mut allowed = BTreeSet::new();
    for line in lines {
        match line.strip_prefix('~') {
            Some(denied) => {
                let denied = calls_of(home, denied);
                allowed.retain(|call| !denied.contains(call));
            }
            None => allowed.extend(calls_of(home, line)),
        }
    }
    allowed
}

/// The names in what strace wrote.
fn calls_in(trace: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(trace).unwrap();
    let calls = text.lines().filter_map(|line| {
        let call = line.split_once(' ')?.1.trim_start();
        let call = call.strip_prefix("<... ").unwrap_or(call);
        let end = call.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = call.split_at(end);
        (rest.starts_with('(') || rest.starts_with(" resumed")).then(|| name.to_owned())
    });
    calls.collect()
}

#[test]
fn every_system_call_of_a_devices_life_is_in_the_units_filter() {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let state = home.path().join("device");
    fs::create_dir(home.path().join("files")).unwrap();
    fs::write(home.path().join("files/a.txt"), "a file").unwrap();
    let trace = home.path().join("trace");
    let mut strace: Command = home.command_of(Path::new("strace"));
    strace
        .args(["-f", "-qq", "-o"])
        .arg(&trace)
        .arg(program("settle-device"));
    strace.args([
        "serve", "--json", "--name", "printer", "--listen", "[::1]:0",
    ]);
    strace.arg("--state").arg(&state);
    strace.arg("--qr-file").arg(home.path().join("code.png"));
    strace
        .arg("--upstream")
        .arg(format!("/=http://{}", upstream.address()));
    strace
        .arg("--folder")
        .arg(format!("/files={}/files", home.path().display()));
    strace.stdout(Stdio::piped()).stderr(home.log("device.log"));
    let mut device = Running::start(&mut strace);
    let output = device.child().stdout.take().unwrap();
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let mut events = lines.map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let code = events.find(|event| event["event"] == "code").unwrap();

    let mut connector = Connector::start(&home);
    connector.pair(code["code"].as_str().unwrap());
    let browser = browser_of(&mut connector);
    for path in ["/", "/files/a.txt"] {
        assert_eq!(browser.get("printer.local", path).unwrap().status, 200);
    }
    let mut asked = home.command("settle-device");
    asked.args(["clients", "--state"]).arg(&state);
    assert!(asked.output().unwrap().status.success());
    drop(device);
    let made = calls_in(&trace);
    assert!(made.len() > 40 && made.contains("openat2"), "{made:?}");
    let allowed = allowed(&home);
    assert!(
        allowed.len() > 200 && !allowed.contains("mount"),
        "{allowed:?}"
    );
    let missing: Vec<_> = made.difference(&allowed).collect();
    assert!(missing.is_empty(), "not in the filter: {missing:?}");
}

#[test]
fn what_root_does_in_a_state_directory_stays_that_of_its_owner() {
    const OWNER: u32 = 61184;
    let home = Home::new(Keyring::Missing);
    let state = home.path().join("device");
    fs::create_dir(&state).unwrap();
    // Without other users there is nobody to be told from root.
    if chown(&state, Some(OWNER), Some(OWNER)).is_err() {
        return;
    }
    let run = |arguments: &[&str]| {
        let mut command = home.command("settle-device");
        let output = command.args(arguments).arg("--state").arg(&state).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    for arguments in [
        &["init", "--name", "printer"] as &[_],
        &["sticker", "--name", "printer"],
        &["reset", "--yes"],
        &["code"],
    ] {
        run(arguments);
        for entry in fs::read_dir(&state).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            let owner = (metadata.uid(), metadata.gid());
            assert_eq!(
                owner,
                (OWNER, OWNER),
                "{} after {arguments:?}",
                path.display()
            );
        }
    }
}
