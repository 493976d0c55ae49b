//! The daemon killed before every single system call with which a change is written, be it to files or
//! to the keyring: what is trusted is as it was or as it was to be, and the audit log says which.

mod change;
mod first;

use std::path::PathBuf;
use std::thread;

use serde_json::Value;
use settle_protocol::rpc::audit::{Audit, AuditEvent, ReadAudit};
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::rpc::{Call, Device as Listed, Empty};
use settle_tests::connector::ORIGIN;
use settle_tests::strike::{ON_FILES, ON_SOCKETS, Point, Strike};
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use self::change::Change;

const PASSPHRASE: &str = "correct horse battery staple";

/// Where the store's key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Keyring,
    Passphrase,
}

/// A home with a device that is paired.
struct Sweep {
    connector: Connector,
    _device: Device,
    home: Home,
    place: Place,
    kills: usize,
}

fn home(place: Place) -> Home {
    Home::new(match place {
        Place::Keyring => Keyring::Unlocked,
        Place::Passphrase => Keyring::Missing,
    })
}

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE)
}

/// Connects, and opens the store that is there.
fn connect(home: &Home, place: Place) -> Connector {
    let mut connector = Connector::spawn(home, ORIGIN);
    if place == Place::Passphrase {
        let passphrase = passphrase();
        let Empty {} = connector.call(Call::UnlockStore { passphrase }).unwrap();
    }
    connector.hello().unwrap();
    connector
}

/// The files that a change is written to.
fn written(home: &Home) -> Vec<PathBuf> {
    let data = home.path().join(".local/share/settle");
    let names = ["", ".new", ".former", ".key", ".key.new", ".key.former"];
    let store = names.map(|ending| data.join(format!("trust-store{ending}")));
    let log = data.join("audit.log");
    store.into_iter().chain([log, data]).collect()
}

fn audit(connector: &mut Connector) -> Audit {
    let all = ReadAudit {
        before: None,
        limit: 500,
    };
    let audit: Audit = connector.call(Call::ReadAudit(all)).unwrap();
    assert_eq!(audit.damage, None);
    let anew = |event: &AuditEvent| matches!(event, AuditEvent::LogDamaged { .. });
    assert!(!audit.entries.iter().any(|entry| anew(&entry.event)));
    audit
}

/// What of a device must be as before or as after.
fn essence(devices: &[Listed]) -> Value {
    let mut value = serde_json::to_value(devices).unwrap();
    for device in value.as_array_mut().unwrap() {
        device["paired_at"].take();
        if device["kind"] == "certificate" {
            device["id"].take();
        }
    }
    value
}

impl Sweep {
    fn new(place: Place) -> Self {
        let (home, upstream) = (home(place), Upstream::start());
        let mut connector = Connector::spawn(&home, ORIGIN);
        if place == Place::Passphrase {
            let passphrase = Some(passphrase());
            let Empty {} = connector.call(Call::ProtectStore { passphrase }).unwrap();
        }
        connector.hello().unwrap();
        let device = Device::start(&home, upstream.address());
        connector.pair(device.code());
        Self {
            connector,
            _device: device,
            home,
            place,
            kills: 0,
        }
    }

    fn change(&mut self, change: Change, done: bool) {
        let call = change.call(&mut self.connector, done);
        let _: Value = self.connector.call(call).unwrap();
    }

    /// Does and undoes the change, once before every call that is made for it.
    fn run(&mut self, change: Change, both_ways: bool) {
        let sockets: &[&str] = match self.place {
            Place::Keyring => &ON_SOCKETS,
            Place::Passphrase => &[],
        };
        let states = [false, true].map(|done| {
            if change.is_done(&self.connector.devices()) != done {
                self.change(change, done);
            }
            essence(&self.connector.devices())
        });
        let ways: &[bool] = if both_ways { &[true, false] } else { &[true] };
        for done in ways {
            for call in ON_FILES.iter().chain(sockets) {
                let mut nth = 1;
                while self.strike(change, *done, Point { call, nth }, &states) {
                    nth += 1;
                }
            }
        }
    }

    /// `false` when the change was whole before the call was reached.
    fn strike(&mut self, change: Change, done: bool, point: Point, states: &[Value; 2]) -> bool {
        if change.is_done(&self.connector.devices()) == done {
            self.change(change, !done);
        }
        let call = change.call(&mut self.connector, done);
        let daemon = self.home.daemon_id().unwrap();
        let mut strike = Strike::plan(daemon, point, &written(&self.home));
        let answer = self.connector.try_call::<Value>(call);
        if let Some(answer) = &answer {
            answer.as_ref().unwrap();
        } else {
            strike.wait_for_end();
            self.kills += 1;
            self.connector = connect(&self.home, self.place);
        }
        drop(strike);
        let devices = self.connector.devices();
        let is_done = change.is_done(&devices);
        let when = format!("{change:?} {done} {point:?}");
        assert!(answer.is_none() || is_done == done, "{when}");
        assert_eq!(essence(&devices), states[usize::from(is_done)], "{when}");
        let audit = audit(&mut self.connector);
        let told = audit
            .entries
            .iter()
            .find_map(|entry| change.told_by(&entry.event));
        assert_eq!(
            told.unwrap_or_default(),
            is_done,
            "{when}: {:?}",
            audit.entries.first()
        );
        answer.is_none()
    }
}

/// How often the daemon was killed.
fn sweep(place: Place) -> usize {
    thread::scope(|scope| {
        let sweeps = [
            (Change::Name, false),
            (Change::Origin, true),
            (Change::Import, true),
        ]
        .map(|(change, both_ways)| {
            scope.spawn(move || {
                let mut sweep = Sweep::new(place);
                sweep.run(change, both_ways);
                sweep.kills
            })
        });
        sweeps.into_iter().map(|sweep| sweep.join().unwrap()).sum()
    })
}

#[test]
fn a_change_is_whole_or_not_made_with_the_key_in_the_keyring() {
    let kills = sweep(Place::Keyring);
    assert!(kills >= 80, "{kills}");
}

#[test]
fn a_change_is_whole_or_not_made_with_the_key_under_a_passphrase() {
    let kills = sweep(Place::Passphrase);
    assert!(kills >= 95, "{kills}");
}
