//! The host killed before each system call by which a new root gets into its store: it trusts the old root or the
//! new one afterwards, the log says which, and the next visit leads to the new one.

use std::path::PathBuf;

use settle_protocol::rpc::{Call, Devices};
use settle_tests::device::Setup;
use settle_tests::strike::{ON_FILES, ON_SOCKETS, Point, Strike};
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use super::{key_of, roll, told, trusted, wait_until_trusted};
use crate::browser_of;

/// As often as a device rolls over.
const MOST: usize = 8;

struct Sweep {
    // In the order in which they have to go.
    connector: Connector,
    device: Option<Device>,
    upstream: Upstream,
    home: Home,
    /// Of the device in use.
    rollovers: usize,
    devices: usize,
}

impl Sweep {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        Self {
            connector: Connector::start(&home),
            device: None,
            upstream: Upstream::start(),
            home,
            rollovers: MOST,
            devices: 0,
        }
    }

    /// A paired device that can still roll over, and no other.
    fn refresh(&mut self) {
        if self.rollovers < MOST {
            return;
        }
        for device in self.connector.devices() {
            let call = Call::RevokeDevice { device: device.id };
            let _: serde_json::Value = self.connector.call(call).unwrap();
        }
        self.devices += 1;
        let setup = Setup {
            state: format!("device-{}", self.devices),
            ..Setup::default()
        };
        let device = Device::start_as(&self.home, self.upstream.address(), &setup);
        self.connector.pair(device.code());
        self.device = Some(device);
        self.rollovers = 0;
    }

    fn written(&self) -> Vec<PathBuf> {
        let data = self.home.path().join(".local/share/settle");
        let names = ["trust-store", "trust-store.new", "trust-store.former"];
        let store = names.map(|name| data.join(name));
        let log = data.join("audit.log");
        store.into_iter().chain([log, data]).collect()
    }

    /// `false` when the new root was stored before the call was reached.
    fn strike(&mut self, point: Point) -> bool {
        self.refresh();
        let state = self.device.as_ref().unwrap().state().to_path_buf();
        let browser = browser_of(&mut self.connector);
        assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
        let old = trusted(&mut self.connector);
        let new = key_of(&roll(&self.home, &state));
        self.rollovers += 1;
        let daemon = self.home.daemon_id().unwrap();
        let mut strike = Strike::plan(daemon, point, &self.written());
        // It may be killed before it answers, while it does, or after.
        drop(browser.get("printer.local", "/"));
        let killed = loop {
            match self.connector.try_call::<Devices>(Call::ListDevices {}) {
                Some(answer) => {
                    let device = answer.unwrap().devices.remove(0);
                    if device.anchor.paired().unwrap().fingerprint == new {
                        break false;
                    }
                }
                None => break true,
            }
        };
        if killed {
            strike.wait_for_end();
            self.connector = Connector::start(&self.home);
        }
        drop(strike);
        let now = trusted(&mut self.connector);
        assert!(now == old || now == new, "{point:?}");
        let is_told = told(&mut self.connector).contains(&(old, new));
        assert_eq!(is_told, now == new, "{point:?}");
        let browser = browser_of(&mut self.connector);
        assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
        wait_until_trusted(&mut self.connector, new);
        let told = told(&mut self.connector);
        let times = told.iter().filter(|keys| **keys == (old, new)).count();
        assert_eq!(times, 1, "{point:?}");
        killed
    }
}

#[test]
fn a_host_that_is_killed_while_it_follows_trusts_the_old_root_or_the_new_one() {
    let mut sweep = Sweep::new();
    let mut kills = 0;
    for call in ON_FILES.iter().chain(&ON_SOCKETS) {
        for nth in 1.. {
            if !sweep.strike(Point { call, nth }) {
                break;
            }
            kills += 1;
        }
    }
    assert!(kills >= 12, "{kills}");
}
