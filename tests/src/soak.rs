//! A house at work for a while: browsers that visit many devices in many ways, and attackers that never rest. What
//! the daemon and the devices use is looked at meanwhile; the verdict is the caller's.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use settle_protocol::rpc::{BridgeCertificate, Call};

use crate::census::{daemons_of, descriptors, memory};
use crate::connector::Connector;
use crate::device::{Device, Setup, own_address};
use crate::home::{Home, Keyring};
use crate::multicast::{Speaker, address, announcement};
use crate::rogue::Rogue;
use crate::server::{Identity, Issuer};
use crate::visit::Visit;
use crate::{App, process::PATIENCE};

/// What a navigation of the user's own says of itself (Fetch Metadata).
const OWN: &str =
    "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
/// What a page of another site cannot help saying.
const FOREIGN: &str = "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\
                       Sec-Fetch-Dest: image\r\nOrigin: https://news.example\r\n";
/// In octets.
const LARGE: usize = 200_000;
/// An attacker draws breath for so long, to leave some of the machine to those who are measured.
const BREATH: Duration = Duration::from_millis(5);

/// How much of it.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many devices.
    pub devices: usize,
    /// How many browsers visit them at once.
    pub browsers: usize,
    /// When it ends.
    pub length: Length,
}

/// When it ends.
#[derive(Clone, Copy, Debug)]
pub enum Length {
    /// When each browser has visited so many devices.
    Visits(u64),
    /// When the time is over.
    Time(Duration),
}

/// What is used at a moment, in KiB and descriptors.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Since the beginning.
    pub at: Duration,
    /// By the daemon, in memory.
    pub daemon_memory: u64,
    /// By the daemon.
    pub daemon_descriptors: usize,
    /// By the device that uses the most, in memory.
    pub device_memory: u64,
    /// By the device that uses the most.
    pub device_descriptors: usize,
}

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Once every device was visited, and before any attack.
    pub before: Sample,
    /// Meanwhile.
    pub during: Vec<Sample>,
    /// When nobody visits or attacks any more.
    pub after: Sample,
    /// Requests that were answered as they should be.
    pub answered: u64,
    /// What went wrong for a browser.
    pub failures: Vec<String>,
    /// What the attackers did, each so often.
    pub attacks: Vec<(&'static str, u64)>,
    /// What got to a twin of a device: nothing, or all is lost.
    pub twin_heard: Vec<String>,
}

/// Everybody who is there, in the order in which they have to go.
struct Crew {
    devices: Vec<Device>,
    connector: Connector,
    home: Home,
}

/// Where they are, for all threads.
struct House {
    devices: Vec<Place>,
    browser: Visit,
    socket: PathBuf,
    daemon: u32,
    begun: Instant,
    over: AtomicBool,
    answered: AtomicU64,
    failures: Mutex<Vec<String>>,
}

/// Lets it happen.
#[must_use]
pub fn run(plan: Plan) -> Report {
    let mut crew = Crew::start(plan.devices);
    let house = House::of(&mut crew);
    for number in 0..plan.devices {
        house.visit(number, 0);
    }
    let before = house.sample();
    let twin = crew.twin();
    let mut during = Vec::new();
    let attacks: [(&'static str, &(dyn Fn() + Sync)); 4] = [
        ("announcements of false addresses", &|| {
            house.announce_falsely(&twin);
        }),
        ("connections to the proxy", &|| house.disturb_the_proxy()),
        ("connections to a device", &|| house.disturb_a_device()),
        ("frames to the daemon", &|| house.disturb_the_daemon()),
    ];
    let counts: Vec<AtomicU64> = attacks.iter().map(|_| AtomicU64::new(0)).collect();
    thread::scope(|scope| {
        for ((_, attack), count) in attacks.iter().zip(&counts) {
            scope.spawn(|| {
                while !house.over.load(Ordering::Relaxed) {
                    attack();
                    count.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(BREATH);
                }
            });
        }
        let browsers: Vec<_> = (0..plan.browsers)
            .map(|number| {
                let house = &house;
                scope.spawn(move || house.browse(number, plan))
            })
            .collect();
        while browsers.iter().any(|browser| !browser.is_finished()) {
            during.push(house.sample());
            thread::sleep(Duration::from_secs(1));
        }
        house.over.store(true, Ordering::Relaxed);
    });
    let after = house.settled(before);
    Report {
        before,
        during,
        after,
        answered: house.answered.load(Ordering::Relaxed),
        failures: house.failures(),
        attacks: attacks
            .iter()
            .zip(&counts)
            .map(|((name, _), count)| (*name, count.load(Ordering::Relaxed)))
            .collect(),
        twin_heard: twin.requests(),
    }
}

/// Where a device is.
struct Place {
    address: SocketAddr,
    process: u32,
    unique_name: String,
}

impl Crew {
    fn start(devices: usize) -> Self {
        let home = Home::new(Keyring::Unlocked);
        let interface = App::start().address();
        let mut connector = Connector::start(&home);
        let devices = (0..devices).map(|number| {
            let setup = Setup {
                name: label(number),
                state: label(number),
                listen: own_address(),
                ..Setup::default()
            };
            let device = Device::start_as(&home, interface, &setup);
            connector.pair(device.code());
            device
        });
        Self {
            devices: devices.collect(),
            connector,
            home,
        }
    }

    /// Somebody with the name of the first device and another key.
    fn twin(&self) -> Rogue {
        let name = format!("{}.local", label(0));
        let device = self.devices.first().expect("a device");
        let names = format!("DNS:{name},DNS:{}", device.unique_name());
        let identity = Identity::make(self.home.path(), "twin", &names, Issuer::Itself);
        Rogue::start(&identity, b"http/1.1", |line| line.read_request().map(drop))
    }
}

impl House {
    fn of(crew: &mut Crew) -> Self {
        let welcome = crew.connector.hello().expect("a greeting");
        let bridge: BridgeCertificate = crew
            .connector
            .call(Call::BridgeCertificate {})
            .expect("the bridge authority");
        let place = |device: &Device| Place {
            address: device.address(),
            process: device.process_id(),
            unique_name: device.unique_name().to_owned(),
        };
        Self {
            devices: crew.devices.iter().map(place).collect(),
            browser: Visit::new(&welcome.proxy, &bridge.pem).expect("a browser"),
            socket: crew.home.daemon_socket(),
            daemon: daemons_of(crew.home.path()).remove(0),
            begun: Instant::now(),
            over: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            failures: Mutex::default(),
        }
    }

    fn browse(&self, number: usize, plan: Plan) {
        let begun = Instant::now();
        for visit in 0.. {
            let is_over = match plan.length {
                Length::Visits(most) => visit >= most,
                Length::Time(time) => begun.elapsed() >= time,
            };
            if is_over {
                return;
            }
            let turn = usize::try_from(visit).unwrap_or_default() + number * 7;
            self.visit(turn % self.devices.len(), turn);
        }
    }

    /// Goes to a device, each time in another way.
    fn visit(&self, device: usize, turn: usize) {
        let name = format!("{}.local", label(device));
        let done = match turn % 5 {
            0 => self.page(&name),
            1 => self.large(&name),
            2 => self.kept_out(&name),
            3 => self.broken_off(&name),
            _ => self.socket(&name),
        };
        match done {
            Ok(()) => {
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.push(format!("{name}, {turn}: {error:#}"));
            }
        }
    }

    fn page(&self, name: &str) -> anyhow::Result<()> {
        let page = self.browser.get(name, "/")?;
        ensure!(page.status == 200, "{} {}", page.status, page.body);
        Ok(())
    }

    fn large(&self, name: &str) -> anyhow::Result<()> {
        let page = self
            .browser
            .get_with(name, &format!("/bytes/{LARGE}"), OWN)?;
        ensure!(page.status == 200, "{}", page.status);
        ensure!(page.body.len() >= LARGE, "{} octets", page.body.len());
        Ok(())
    }

    fn kept_out(&self, name: &str) -> anyhow::Result<()> {
        let page = self.browser.get_with(name, "/", FOREIGN)?;
        let refusal = page.header("settle-refusal");
        ensure!(refusal == Some("cross_site"), "{} {refusal:?}", page.status);
        Ok(())
    }

    /// A page that is left while it loads.
    fn broken_off(&self, name: &str) -> anyhow::Result<()> {
        let mut stream = self.browser.open(name)?;
        write!(
            stream,
            "GET /bytes/5000000 HTTP/1.1\r\nHost: {name}\r\n{OWN}\r\n"
        )?;
        stream.read_exact(&mut [0; 4096])?;
        Ok(())
    }

    fn socket(&self, name: &str) -> anyhow::Result<()> {
        let mut stream = self.browser.open(name)?;
        write!(
            stream,
            "GET /socket HTTP/1.1\r\nHost: {name}\r\nOrigin: https://{name}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )?;
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).context("no answer")?;
        ensure!(
            &begin == b"HTTP/1.1 101",
            "{}",
            String::from_utf8_lossy(&begin)
        );
        Ok(())
    }

    fn announce_falsely(&self, twin: &Rogue) {
        let device = self.devices.first().expect("a device");
        let host = "twin.local.";
        let unique = device.unique_name.as_bytes();
        let port = twin.address().port();
        let mut said = announcement("twin", host, port, &[("n", unique)]);
        said.push(address(host, Ipv4Addr::LOCALHOST));
        Speaker::new().say(&said);
    }

    fn disturb_the_proxy(&self) {
        let port = self.browser.proxy().port;
        disturb(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }

    fn disturb_a_device(&self) {
        disturb(self.devices.last().expect("a device").address);
    }

    fn disturb_the_daemon(&self) {
        if let Ok(mut socket) = UnixStream::connect(&self.socket) {
            // It may hang up before all is said.
            drop(socket.write_all(&[5, 0, 0, 0, b'{', b'}', 0xff, 0, 0, 0xff]));
        }
    }

    fn sample(&self) -> Sample {
        let ids = || self.devices.iter().map(|device| device.process);
        Sample {
            at: self.begun.elapsed(),
            daemon_memory: memory(self.daemon, "VmRSS"),
            daemon_descriptors: descriptors(self.daemon),
            device_memory: ids()
                .map(|id| memory(id, "VmRSS"))
                .max()
                .unwrap_or_default(),
            device_descriptors: ids().map(descriptors).max().unwrap_or_default(),
        }
    }

    /// What is used once what was open is closed, or patience ends.
    fn settled(&self, before: Sample) -> Sample {
        let end = Instant::now() + PATIENCE;
        loop {
            let now = self.sample();
            let is_back = now.daemon_descriptors <= before.daemon_descriptors
                && now.device_descriptors <= before.device_descriptors;
            if is_back || Instant::now() > end {
                return now;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn failures(&self) -> Vec<String> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.clone()
    }
}

fn label(number: usize) -> String {
    format!("device-{number}")
}

/// Connects, says what is no TLS, and goes.
fn disturb(address: SocketAddr) {
    if let Ok(mut stream) = TcpStream::connect(address) {
        drop(stream.write_all(b"GET / HTTP/1.1\r\nHost: printer.local\r\n\r\n"));
    }
}
