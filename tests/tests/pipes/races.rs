//! Who is faster: many that start the daemon at once, a daemon that is killed under many, and another
//! user who finds every door open.

use std::fs::{self, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use settle_protocol::rpc::Call;
use settle_protocol::rpc::audit::{Audit, AuditEvent, ReadAudit};
use settle_tests::census::{daemons_of, processes_of};
use settle_tests::process::{eventually, kill, program};
use settle_tests::{Connector, Home, Keyring};

use super::commands::{good, text};

/// So many connectors at once.
fn connectors(home: &Home, count: usize) -> Vec<Connector> {
    thread::scope(|scope| {
        let started: Vec<_> = (0..count)
            .map(|_| scope.spawn(|| Connector::start(home)))
            .collect();
        started.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn twenty_that_start_the_daemon_at_once_have_one_and_one_store() {
    let home = Home::new(Keyring::Unlocked);
    let mut started = thread::scope(|scope| {
        let commands: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| good(&home, &["list", "--json"])))
            .collect();
        let started = connectors(&home, 10);
        for said in commands {
            assert_eq!(said.join().unwrap().trim(), r#"{"devices":[]}"#);
        }
        started
    });
    assert_eq!(daemons_of(home.path()), [home.daemon_id().unwrap()]);
    let all = ReadAudit {
        before: None,
        limit: 100,
    };
    let audit: Audit = started[0].call(Call::ReadAudit(all)).unwrap();
    let made = |event: &AuditEvent| matches!(event, AuditEvent::BridgeMade { .. });
    let stores = audit
        .entries
        .iter()
        .filter(|entry| made(&entry.event))
        .count();
    assert_eq!((stores, audit.verified), (1, Some(1)));
}

#[test]
fn a_daemon_that_is_killed_under_ten_clients_is_there_for_their_next_call() {
    let home = Home::new(Keyring::Unlocked);
    let mut clients = connectors(&home, 10);
    let killed = home.daemon_id().unwrap();
    kill(killed);
    for client in &mut clients {
        client.wait_for_end();
    }
    for client in &mut connectors(&home, 10) {
        assert!(client.devices().is_empty());
    }
    let daemons = daemons_of(home.path());
    assert_eq!(daemons.len(), 1);
    assert_ne!(daemons, [killed]);
}

#[test]
fn nothing_of_a_home_runs_on_when_it_goes() {
    let home = Home::new(Keyring::Unlocked);
    let path = home.path().to_owned();
    let clients = connectors(&home, 3);
    assert!(processes_of(&path).len() >= 5);
    drop(home);
    eventually("everything has ended", || processes_of(&path).is_empty());
    drop(clients);
}

#[test]
fn another_user_of_the_computer_gets_no_answer_even_where_every_folder_is_open() {
    let home = Home::new(Keyring::Unlocked);
    good(&home, &["list"]);
    let daemon = home.daemon_id();
    let socket = home.daemon_socket();
    for folder in socket.ancestors().skip(1) {
        if folder.starts_with(home.path()) {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
    }
    fs::set_permissions(&socket, Permissions::from_mode(0o666)).unwrap();
    let as_another = || {
        let mut other = home.command_of(Path::new("setpriv"));
        other.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        other
    };
    // A service that does not look at who asks answers everybody who finds its socket.
    let open = socket.with_file_name("open.sock");
    let careless = UnixListener::bind(&open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    let mut asking = as_another();
    asking.args(["curl", "--silent", "--max-time", "10", "--unix-socket"]);
    let asking = asking.arg(&open).arg("http://careless/");
    let asking = asking.stdout(Stdio::piped()).spawn().unwrap();
    let (mut asked, _) = careless.accept().unwrap();
    assert!(asked.read(&mut [0; 1024]).unwrap() > 0);
    let answered = asked.write_all(b"HTTP/1.0 200 OK\r\n\r\nall devices");
    drop((answered, asked));
    let said = asking.wait_with_output().unwrap().stdout;
    assert_eq!(said, b"all devices");

    let output = as_another()
        .arg(program("settle"))
        .arg("list")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    assert!(
        said.contains("the connection to the daemon broke"),
        "{said}"
    );
    let refusal = "another user of this computer was refused";
    assert!(home.logs().iter().any(|(_, log)| log.contains(refusal)));
    // The user is not disturbed.
    good(&home, &["list"]);
    assert_eq!(home.daemon_id(), daemon);
}
