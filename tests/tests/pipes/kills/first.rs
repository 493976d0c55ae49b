//! What is written for the first time, killed before every system call: the store when there is none,
//! and a backup.

use std::thread;

use settle_protocol::rpc::{Call, Hello, VERSION, Welcome};
use settle_tests::Connector;
use settle_tests::connector::ORIGIN;
use settle_tests::process::eventually;
use settle_tests::strike::{ON_FILES, ON_SOCKETS, Point, Strike};

use super::change::Change;
use super::{Place, Sweep, audit, connect, home, written};

#[test]
fn a_backup_whose_writing_is_killed_has_no_name_yet() {
    let mut sweep = Sweep::new(Place::Keyring);
    sweep.change(Change::Import, true);
    let home = &sweep.home;
    let (file, part) = (home.path().join("backup"), home.path().join("backup.part"));
    let paths = [file.clone(), part, home.path().to_owned()];
    let arguments = ["export", "--draw", file.to_str().unwrap()];
    let mut kills = 0;
    for call in ON_FILES {
        for nth in 1.. {
            let mut strike = Strike::start(home, "settle", &arguments, Point { call, nth }, &paths);
            strike.wait_for_end();
            let Ok(written) = std::fs::read(&file) else {
                kills += 1;
                continue;
            };
            assert!(written.len() > 200, "{call} {nth}: {}", written.len());
            std::fs::remove_file(&file).unwrap();
            // Its name is the last thing that it gets; what follows makes it last.
            if !strike.was_killed() {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills >= 5, "{kills}");
}

#[test]
fn a_daemon_that_is_killed_while_it_makes_the_store_makes_it_at_the_next_start() {
    // Most of the time a keyring starts, so homes can share it.
    let kills: usize = thread::scope(|scope| {
        let calls = ON_FILES.into_iter().chain(ON_SOCKETS);
        let sweeps: Vec<_> = calls
            .map(|call| scope.spawn(move || first_starts(call)))
            .collect();
        sweeps.into_iter().map(|sweep| sweep.join().unwrap()).sum()
    });
    assert!(kills >= 40, "{kills}");
}

fn first_starts(call: &'static str) -> usize {
    let killed = |nth: &usize| is_killed_at_the_first_start(Point { call, nth: *nth });
    (1..).take_while(killed).count()
}

fn is_killed_at_the_first_start(point: Point) -> bool {
    let home = home(Place::Keyring);
    let mut daemon = Strike::start(&home, "settle", &["daemon"], point, &written(&home));
    eventually("the daemon listens, or is gone", || {
        home.daemon_id().is_some() || daemon.has_ended()
    });
    let mut is_killed = daemon.has_ended();
    let mut connector = Connector::spawn(&home, ORIGIN);
    let hello = Call::Hello(Hello {
        protocol: VERSION,
        client: "tests".to_owned(),
    });
    match connector.try_call::<Welcome>(hello) {
        Some(welcome) => drop(welcome.unwrap()),
        None => is_killed = true,
    }
    home.end_daemon();
    let mut connector = connect(&home, Place::Keyring);
    assert!(connector.devices().is_empty(), "{point:?}");
    assert!(audit(&mut connector).verified.is_some(), "{point:?}");
    is_killed
}
