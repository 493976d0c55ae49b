//! Whatever is killed, whenever: the daemon, the connector, a device or a referee, while pages are asked for, while
//! a device is paired, and while one takes a new root key. What was agreed on stays, and the next page
//! comes without anybody doing anything. Where each single step is cut off is in `tests/pipes/`.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use settle_protocol::rpc::{Call, CommitPairing, Decision, DeviceState, Empty, StartPairing};
use settle_tests::device::Setup;
use settle_tests::lab::{Appliance, Computer, Lan};
use settle_tests::process::kill;
use settle_tests::{Connector, Device, Home, Keyring, Referee, Upstream, Visit, eventually};

/// How often; another number by the variable.
const ROUNDS: u32 = 60;
const ROUNDS_VARIABLE: &str = "SETTLE_FAULT_ROUNDS";
/// Within so many milliseconds the blow falls.
const SOON: u64 = 120;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Victim {
    Daemon,
    Connector,
    Device,
    Referee,
}

impl Victim {
    const ALL: [Self; 4] = [Self::Daemon, Self::Connector, Self::Device, Self::Referee];
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Work {
    Browsing,
    Pairing,
    Rollover,
}

impl Work {
    const ALL: [Self; 3] = [Self::Browsing, Self::Pairing, Self::Rollover];
}

/// A house with a printer and a referee, and whatever else is paired and forgotten meanwhile.
struct House<'a> {
    computer: Computer,
    printer: Appliance,
    /// On the computer itself; gone while it is started again.
    referee: Option<Referee<'a>>,
    gadgets: Home,
    upstream: Upstream,
    rollovers: u32,
}

/// A device that is paired while somebody is killed.
struct Gadget {
    setup: Setup,
    device: Device,
}

/// As often as a device rolls over while a host may have missed all of it (docs/device.md).
const MOST_ROLLOVERS: u32 = 6;

impl<'a> House<'a> {
    fn new(lan: &Lan, referee: &'a Home) -> Self {
        let printer = Appliance::join(lan, "printer");
        let mut computer = Computer::join(lan);
        computer.pair(printer.device.code());
        let referee = computer.host.on(|| Referee::start(referee, "referee"));
        computer.pair(referee.code());
        let gadgets = || (Home::new(Keyring::Missing), Upstream::start());
        let (gadgets, upstream) = printer.host.on(gadgets);
        Self {
            computer,
            printer,
            referee: Some(referee),
            gadgets,
            upstream,
            rollovers: 0,
        }
    }

    /// What is trusted, by the names that do not change.
    fn trusted(&mut self) -> Vec<String> {
        let devices = self.computer.connector.devices();
        let names = devices.iter().map(|one| one.unique_name.to_string());
        names.collect()
    }

    fn new_gadget(&self, round: u32) -> Gadget {
        let name = format!("gadget-{round}");
        let setup = Setup {
            state: name.clone(),
            name,
            listen: (self.printer.host.address(), 0).into(),
            ..Setup::default()
        };
        Gadget {
            device: self.start_gadget(&setup),
            setup,
        }
    }

    fn start_gadget(&self, setup: &Setup) -> Device {
        let (home, upstream) = (&self.gadgets, self.upstream.address());
        let host = &self.printer.host;
        host.on(|| Device::start_as(home, upstream, setup))
    }

    /// The process that is meant.
    fn process_of(&self, victim: Victim, gadget: Option<&Gadget>) -> u32 {
        let device = gadget.map_or(&self.printer.device, |gadget| &gadget.device);
        match victim {
            Victim::Daemon => self.computer.home.daemon_id().unwrap(),
            Victim::Connector => self.computer.connector.process_id(),
            Victim::Device => device.process_id(),
            Victim::Referee => self.referee.as_ref().unwrap().process_id(),
        }
    }

    /// Does something until the blow has fallen.
    fn work(&mut self, work: Work, gadget: Option<&Gadget>, blow: JoinHandle<()>) {
        match (work, gadget) {
            (Work::Browsing, _) => self.browse(&blow),
            (Work::Pairing, Some(gadget)) => self.try_to_pair(&gadget.device),
            (Work::Rollover, _) if self.rollovers < MOST_ROLLOVERS => {
                self.rollovers += 1;
                self.printer.settle(&["rollover"]);
            }
            (Work::Pairing | Work::Rollover, _) => {}
        }
        blow.join().unwrap();
    }

    /// Starts who was killed, as the system or the browser does.
    fn start_again(&mut self, victim: Victim, gadget: Option<&mut Gadget>) {
        match (victim, gadget) {
            (Victim::Daemon | Victim::Connector, _) => self.reconnect(),
            (Victim::Device, Some(gadget)) => {
                gadget.setup.listen = gadget.device.address();
                gadget.device = self.start_gadget(&gadget.setup);
                let device = &mut gadget.device;
                if device.clients_on_disk() == 0 && device.code().is_empty() {
                    device.wait_for_new_code();
                }
            }
            (Victim::Device, None) => self.printer.restart(),
            (Victim::Referee, _) => {
                let referee = self.referee.take().unwrap();
                self.referee = Some(self.computer.host.on(|| referee.restart()));
            }
        }
    }

    fn ask(&self, browser: &Visit, name: &str) -> Option<u16> {
        let page = self.computer.host.on(|| browser.get(name, "/"));
        Some(page.ok()?.status)
    }

    /// Asks for pages until the blow has fallen.
    fn browse(&mut self, blow: &JoinHandle<()>) {
        let browser = self.computer.browser();
        while !blow.is_finished() {
            self.ask(&browser, "printer.local");
        }
    }

    /// Pairs a new device as far as it goes.
    fn try_to_pair(&mut self, gadget: &Device) {
        let start = Call::StartPairing(StartPairing {
            code: gadget.code().to_owned(),
            client_label: "tests".to_owned(),
        });
        let connector = &mut self.computer.connector;
        let Some(Ok(decision)) = connector.try_call::<Decision>(start) else {
            return;
        };
        let commit = Call::CommitPairing(CommitPairing {
            pairing: decision.pairing,
            petname: decision.label,
        });
        // What comes of it is looked at afterwards.
        drop(connector.try_call::<settle_protocol::rpc::Device>(commit));
    }

    /// The browser notices that its host has gone, and starts it again.
    fn reconnect(&mut self) {
        let home = &self.computer.home;
        self.computer.connector = self.computer.host.on(|| Connector::start(home));
    }

    /// The next page, by itself; how long it takes.
    fn recovers(&mut self, name: &str) -> Duration {
        let start = Instant::now();
        let browser = self.computer.browser();
        assert_eq!(self.ask(&browser, name), Some(200), "{name}");
        start.elapsed()
    }

    /// Both sides have it, or neither; then it is paired anew. It is forgotten afterwards.
    fn conclude(&mut self, gadget: &Gadget) {
        let name = format!("{}.local", gadget.setup.name);
        let gadget = &gadget.device;
        let mut both = false;
        eventually("both sides agree", || {
            let listed = self.computer.connector.devices();
            let listed = listed
                .iter()
                .find(|one| one.unique_name.as_str() == gadget.unique_name());
            let Some(listed) = listed else {
                return gadget.clients_on_disk() == 0;
            };
            both = listed.state == DeviceState::Active;
            if both {
                return gadget.clients_on_disk() == 1;
            }
            // The next contact decides.
            let browser = self.computer.browser();
            self.ask(&browser, &name);
            false
        });
        if !both {
            let code = gadget.code().to_owned();
            self.computer.connector.pair(&code);
        }
        self.recovers(&name);
        for device in self.computer.connector.devices() {
            if device.unique_name.as_str() == gadget.unique_name() {
                let call = Call::RevokeDevice { device: device.id };
                let Empty {} = self.computer.connector.call(call).unwrap();
            }
        }
    }
}

/// Kills somebody in a while.
fn strike(victim: u32, after: Duration) -> JoinHandle<()> {
    thread::spawn(move || {
        // Nothing is waited for: it is a moment that nobody has chosen.
        thread::sleep(after);
        kill(victim);
    })
}

#[test]
fn whoever_is_killed_whenever_nothing_is_lost_and_the_next_page_comes_by_itself() {
    let rounds = std::env::var(ROUNDS_VARIABLE).map_or(ROUNDS, |it| it.parse().unwrap());
    let (lan, referee) = (Lan::new(), Home::new(Keyring::Unlocked));
    let mut house = House::new(&lan, &referee);
    let trusted = house.trusted();
    let mut chance = fastrand::Rng::with_seed(11);
    let mut most = Duration::ZERO;
    for round in 0..rounds {
        let work = chance.choice(Work::ALL).unwrap();
        let victim = chance.choice(Victim::ALL).unwrap();
        let mut gadget = (work == Work::Pairing).then(|| house.new_gadget(round));
        let process = house.process_of(victim, gadget.as_ref());
        let blow = strike(process, Duration::from_millis(chance.u64(0..SOON)));
        house.work(work, gadget.as_ref(), blow);
        house.start_again(victim, gadget.as_mut());
        most = most.max(house.recovers("printer.local"));
        if let Some(gadget) = &gadget {
            house.conclude(gadget);
        }
        assert_eq!(house.trusted(), trusted, "{round}: {work:?}, {victim:?}");
    }
    house.recovers("referee.local");
    println!("{rounds} rounds, the next page took at most {most:?}");
}

#[test]
fn a_keyring_that_is_started_anew_is_used_without_a_word() {
    let lan = Lan::new();
    let referee = Home::new(Keyring::Unlocked);
    let mut house = House::new(&lan, &referee);
    house.computer.home.end_keyring();
    house.computer.home.unlock_keyring();
    house.recovers("printer.local");
    let daemon = house.computer.home.daemon_id().unwrap();
    kill(daemon);
    house.reconnect();
    house.recovers("printer.local");
    assert_eq!(house.trusted().len(), 2);
}
