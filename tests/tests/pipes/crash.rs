//! A pairing that is broken off at every single step: the host's daemon killed, the device killed, the
//! connection cut, or a record delivered only when the host has given up. Afterwards both sides have
//! the pairing or neither has (docs/pairing.md §5.6).

mod moments;

use std::thread;

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::{Call, CommitPairing, Decision, DeviceState, Empty, StartPairing};
use settle_tests::device::{Setup, own_address};
use settle_tests::process::{eventually, kill};
use settle_tests::tap::{Moment, Side, Step, Tap};
use settle_tests::{Connector, Device, Home, Keyring, Upstream, Visit};

/// How many homes a sweep has.
const HOMES: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Fate {
    DaemonKilled,
    DeviceKilled,
    ConnectionCut,
    RecordLate,
}

/// A home in which one device after the other is paired.
struct Sweep {
    connector: Connector,
    upstream: Upstream,
    home: Home,
    rounds: usize,
}

impl Sweep {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        Self {
            connector: Connector::start(&home),
            upstream: Upstream::start(),
            home,
            rounds: 0,
        }
    }

    /// A new device.
    fn device(&mut self) -> (Device, Setup) {
        self.rounds += 1;
        let setup = Setup {
            state: format!("device-{}", self.rounds),
            listen: own_address(),
            ..Setup::default()
        };
        let device = Device::start_as(&self.home, self.upstream.address(), &setup);
        (device, setup)
    }

    /// Pairs as far as it goes.
    fn try_to_pair(&mut self, code: &str) {
        let start = Call::StartPairing(StartPairing {
            code: code.to_owned(),
            client_label: "tests".to_owned(),
        });
        let Some(Ok(decision)) = self.connector.try_call::<Decision>(start) else {
            return;
        };
        let commit = Call::CommitPairing(CommitPairing {
            pairing: decision.pairing,
            petname: decision.label,
        });
        // Whatever comes of it, what both sides have is looked at afterwards.
        drop(
            self.connector
                .try_call::<settle_protocol::rpc::Device>(commit),
        );
    }

    fn browser(&mut self) -> Visit {
        let certificate: settle_protocol::rpc::BridgeCertificate =
            self.connector.call(Call::BridgeCertificate {}).unwrap();
        let welcome = self.connector.hello().unwrap();
        Visit::new(&welcome.proxy, &certificate.pem).unwrap()
    }

    /// Who is to be killed.
    fn victim(&self, fate: Fate, device: &Device) -> Option<u32> {
        match fate {
            Fate::DaemonKilled => self.home.daemon_id(),
            Fate::DeviceKilled => Some(device.process_id()),
            Fate::ConnectionCut | Fate::RecordLate => None,
        }
    }

    /// Breaks a pairing off at a step.
    fn round(&mut self, step: Step, fate: Fate) {
        let (device, setup) = self.device();
        let tap = Tap::start(device.address());
        let victim = self.victim(fate, &device);
        match fate {
            Fate::RecordLate => tap.plan_to_keep(step),
            Fate::DaemonKilled | Fate::DeviceKilled | Fate::ConnectionCut => {
                tap.plan(step, move || victim.into_iter().for_each(kill));
            }
        }
        self.try_to_pair(&through(&tap, device.code()));
        eventually(&format!("{step:?} is reached"), || tap.is_done());
        let broken = Broken {
            late: matches!(fate, Fate::RecordLate).then_some(tap),
            when: format!("{step:?}"),
            fate,
        };
        self.mend(device, setup, &broken);
    }

    /// Starts again what was killed, and checks that both sides have the pairing or neither, and that
    /// the device can be used, by another pairing if need be.
    fn mend(&mut self, mut device: Device, setup: Setup, broken: &Broken) {
        let Broken { fate, late, when } = broken;
        let mut code = device.code().to_owned();
        match fate {
            Fate::DaemonKilled => self.connector = Connector::start(&self.home),
            Fate::DeviceKilled => {
                let again = Setup {
                    listen: device.address(),
                    ..setup
                };
                drop(device);
                device = Device::start_as(&self.home, self.upstream.address(), &again);
                if device.clients_on_disk() == 0 {
                    device.wait_for_new_code().clone_into(&mut code);
                }
            }
            Fate::ConnectionCut | Fate::RecordLate => {}
        }
        let both = self.agreed(&device, when);
        if let Some(tap) = late {
            tap.deliver();
            assert_eq!(self.agreed(&device, when), both, "{when}");
        }
        if !both {
            self.connector.pair(&code);
        }
        let browser = self.browser();
        let page = browser.get("printer.local", "/").unwrap();
        assert_eq!(page.status, 200, "{when}");
        assert_eq!(device.clients_on_disk(), 1, "{when}");
        self.forget();
    }

    /// Waits until both sides have the pairing, or neither; tells which.
    fn agreed(&mut self, device: &Device, when: &str) -> bool {
        let mut both = false;
        eventually(&format!("agreement after {when}"), || {
            let listed = self.connector.devices();
            both = match listed.as_slice() {
                [] => return device.clients_on_disk() == 0,
                [listed] => listed.state == DeviceState::Active,
                more => panic!("{more:?}"),
            };
            if both {
                return device.clients_on_disk() == 1;
            }
            // The next contact decides.
            drop(self.browser().get("printer.local", "/"));
            false
        });
        both
    }

    /// Makes room for the next device of the same name.
    fn forget(&mut self) {
        let id = self.connector.devices().remove(0).id;
        let Empty {} = self
            .connector
            .call(Call::RevokeDevice { device: id })
            .unwrap();
    }
}

/// A pairing that was broken off.
struct Broken {
    fate: Fate,
    /// Keeps a record that has yet to be delivered.
    late: Option<Tap>,
    /// For whoever reads of a failure.
    when: String,
}

/// The same code, with an address that leads through the tap.
fn through(tap: &Tap, code: &str) -> String {
    PairingMaterial {
        addresses: vec![tap.address()],
        ..PairingMaterial::parse(code).unwrap()
    }
    .to_code()
}

fn sweep(fate: Fate) {
    let steps = steps(fate);
    // Most of the time somebody waits for what does not come, so homes can share it.
    thread::scope(|scope| {
        for steps in steps.chunks(steps.len().div_ceil(HOMES)) {
            scope.spawn(move || {
                let mut sweep = Sweep::new();
                for step in steps {
                    sweep.round(*step, fate);
                }
            });
        }
    });
}

/// The steps of a pairing that nothing disturbs, as far as they can have this fate.
fn steps(fate: Fate) -> Vec<Step> {
    let mut sweep = Sweep::new();
    let (device, _) = sweep.device();
    let tap = Tap::start(device.address());
    sweep.connector.pair(&through(&tap, device.code()));
    let mut steps = tap.steps();
    assert!(steps.iter().any(|step| step.side == Side::Device));
    if matches!(fate, Fate::RecordLate) {
        // A host whose connection is over reads nothing more from it, so nothing is late for it.
        steps.retain(|step| step.side == Side::Host && step.moment == Moment::Before);
    }
    steps
}

#[test]
fn the_daemon_is_killed_at_every_step() {
    sweep(Fate::DaemonKilled);
}

#[test]
fn the_device_is_killed_at_every_step() {
    sweep(Fate::DeviceKilled);
}

#[test]
fn the_connection_is_cut_at_every_step() {
    sweep(Fate::ConnectionCut);
}

#[test]
fn every_record_of_the_host_arrives_when_it_has_given_up() {
    sweep(Fate::RecordLate);
}
