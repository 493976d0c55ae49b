//! The switch between the hosts of a network: it learns who is where, carries frames, remembers all of
//! them, and can lose, hold back, and double what a host sends. It is no router and reads nothing above
//! Ethernet.
//!
//! It is written here because a kernel's own queueing for tests (`tc` with `netem`) is not in
//! every kernel, and because what it does is repeated by a seed.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{read, write};
use tappers::Tap;

/// More than a frame has (RFC 894: 14 octets before 1500).
const FRAME: usize = 2048;
/// What it begins with: the address of who is meant and of who sends.
const ADDRESS: usize = 6;

/// A host's place at the switch.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Port(usize);

/// What happens to the frames of a host. Percentages, each drawn anew for every frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Weather {
    /// How long each is held back.
    pub delay: Duration,
    /// How many are lost.
    pub lost: u8,
    /// How many are held back for twice the delay and 5 ms besides, so that later ones overtake them.
    pub late: u8,
    /// How many come twice.
    pub twice: u8,
}

/// A frame as a host sent it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame(Vec<u8>);

impl Frame {
    /// Its octets, from the address of who is meant on.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it has these in it, in upper or lower case.
    #[must_use]
    pub fn contains(&self, bytes: &[u8]) -> bool {
        let mut windows = self.0.windows(bytes.len().max(1));
        windows.any(|window| window.eq_ignore_ascii_case(bytes))
    }

    /// Whether it is a packet to an address (RFC 791 §3.1).
    #[must_use]
    pub fn is_ipv4_to(&self, address: [u8; 4]) -> bool {
        let packet = self.0.get(2 * ADDRESS..);
        let packet = packet.and_then(|packet| packet.strip_prefix(&[0x08, 0x00]));
        packet.and_then(|packet| packet.get(16..20)) == Some(&address[..])
    }

    /// What an UDP packet over IPv4 to a port carries (RFC 791 §3.1, RFC 768).
    #[must_use]
    pub fn udp_to(&self, port: u16) -> Option<&[u8]> {
        let packet = self.0.get(2 * ADDRESS..)?.strip_prefix(&[0x08, 0x00])?;
        let datagram = packet.get(usize::from(packet.first()? & 15) * 4..)?;
        let is_meant = packet.get(9) == Some(&17) && datagram.get(2..4)? == port.to_be_bytes();
        datagram.get(8..).filter(|_| is_meant)
    }
}

/// Frames as a file that others read (`pcap-savefile`: version 2.4, Ethernet).
pub(super) fn capture(frames: &[Frame]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        file.extend(word.to_le_bytes());
    }
    for (frame, second) in frames.iter().zip(0_u32..) {
        let length = u32::try_from(frame.0.len()).unwrap_or_default();
        for word in [second, 0, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(&frame.0);
    }
    file
}

/// A running switch.
#[derive(Debug)]
pub(super) struct Switch {
    state: Arc<Mutex<State>>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct State {
    cables: Vec<Cable>,
    heard: Vec<Frame>,
    is_over: bool,
}

#[derive(Debug)]
struct Cable {
    tap: Arc<Taps>,
    weather: Weather,
    /// A bit for each.
    segments: u8,
    is_plugged: bool,
}

/// The interface's other end, which has no text of its own.
struct Taps(Tap);

impl std::fmt::Debug for Taps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tap")
    }
}

impl Switch {
    pub(super) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = Arc::new(eventfd(0, flags).expect("a descriptor"));
        let mut carrier = Carrier {
            state: Arc::clone(&state),
            wake: Arc::clone(&wake),
            learnt: HashMap::new(),
            held: BinaryHeap::new(),
            count: 0,
            chance: fastrand::Rng::with_seed(7),
        };
        let thread = thread::spawn(move || while carrier.carry() {});
        Self {
            state,
            wake,
            thread: Some(thread),
        }
    }

    pub(super) fn connect(&self, tap: Tap) -> Port {
        let mut state = lock(&self.state);
        state.cables.push(Cable {
            tap: Arc::new(Taps(tap)),
            weather: Weather::default(),
            segments: 1,
            is_plugged: true,
        });
        let port = Port(state.cables.len() - 1);
        drop(state);
        self.wake();
        port
    }

    pub(super) fn set_plugged(&self, port: Port, plugged: bool) {
        self.change(port, |cable| cable.is_plugged = plugged);
    }

    pub(super) fn set_segments(&self, port: Port, segments: u8) {
        self.change(port, |cable| cable.segments = segments);
    }

    pub(super) fn set_weather(&self, port: Port, weather: Weather) {
        self.change(port, |cable| cable.weather = weather);
    }

    pub(super) fn heard(&self) -> Vec<Frame> {
        lock(&self.state).heard.clone()
    }

    fn change(&self, port: Port, change: impl FnOnce(&mut Cable)) {
        change(lock(&self.state).cables.get_mut(port.0).expect("a cable"));
    }

    fn wake(&self) {
        write(&*self.wake, &1_u64.to_ne_bytes()).expect("the switch");
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        lock(&self.state).is_over = true;
        self.wake();
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A frame that waits: when it is due, its number among all, where it comes from, and itself.
type Held = Reverse<(Instant, u64, usize, Vec<u8>)>;

/// What the switch's thread knows.
struct Carrier {
    state: Arc<Mutex<State>>,
    wake: Arc<OwnedFd>,
    /// Behind which cable an address was seen.
    learnt: HashMap<[u8; ADDRESS], usize>,
    held: BinaryHeap<Held>,
    count: u64,
    chance: fastrand::Rng,
}

impl Carrier {
    /// Waits for something to do, and does it; whether there is more to come.
    fn carry(&mut self) -> bool {
        let taps: Vec<Arc<Taps>> = {
            let state = lock(&self.state);
            if state.is_over {
                return false;
            }
            let taps = state.cables.iter().map(|cable| Arc::clone(&cable.tap));
            taps.collect()
        };
        self.wait(&taps);
        // There may be nothing to read, and what there is tells nothing.
        read(&*self.wake, &mut [0; 8]).unwrap_or_default();
        for (from, tap) in taps.iter().enumerate() {
            self.take(from, &tap.0);
        }
        self.deliver(&taps);
        true
    }

    fn wait(&self, taps: &[Arc<Taps>]) {
        let due = self.held.peek().map(|Reverse((due, ..))| *due);
        let timeout = due.map(|due| {
            let left = due.saturating_duration_since(Instant::now());
            Timespec::try_from(left).expect("a short time")
        });
        let mut waiting = vec![PollFd::new(&self.wake, PollFlags::IN)];
        let ends = taps.iter().map(|tap| tap.0.as_fd());
        waiting.extend(ends.map(|end| PollFd::from_borrowed_fd(end, PollFlags::IN)));
        // An interruption is no harm: whoever calls looks anyhow.
        poll(&mut waiting, timeout.as_ref()).unwrap_or_default();
    }

    /// Reads what a host has sent.
    fn take(&mut self, from: usize, tap: &Tap) {
        let mut buffer = [0; FRAME];
        loop {
            // Nothing more is there, or the interface is switched off.
            let Ok(length) = tap.recv(&mut buffer) else {
                return;
            };
            self.accept(from, buffer.get(..length).unwrap_or_default());
        }
    }

    fn accept(&mut self, from: usize, frame: &[u8]) {
        let mut state = lock(&self.state);
        let Some(cable) = state.cables.get(from).filter(|cable| cable.is_plugged) else {
            return;
        };
        let weather = cable.weather;
        state.heard.push(Frame(frame.to_vec()));
        drop(state);
        if let Some(sender) = address(frame, ADDRESS) {
            self.learnt.insert(sender, from);
        }
        if self.happens(weather.lost) {
            return;
        }
        let copies = if self.happens(weather.twice) { 2 } else { 1 };
        for _ in 0..copies {
            let mut delay = weather.delay;
            if self.happens(weather.late) {
                delay = 2 * delay + Duration::from_millis(5);
            }
            self.count += 1;
            let due = Instant::now() + delay;
            let held = (due, self.count, from, frame.to_vec());
            self.held.push(Reverse(held));
        }
    }

    fn happens(&mut self, percent: u8) -> bool {
        self.chance.u8(0..100) < percent
    }

    /// Writes what is due to those who are meant.
    fn deliver(&mut self, taps: &[Arc<Taps>]) {
        while let Some(Reverse((due, ..))) = self.held.peek()
            && *due <= Instant::now()
        {
            let Some(Reverse((_, _, from, frame))) = self.held.pop() else {
                return;
            };
            for to in self.meant(from, &frame) {
                // A host that does not read loses it, as on any network.
                let delivered = taps.get(to).map(|tap| tap.0.send(&frame));
                drop(delivered);
            }
        }
    }

    /// The cables that a frame has to go to.
    fn meant(&self, from: usize, frame: &[u8]) -> Vec<usize> {
        let receiver = address(frame, 0).unwrap_or_default();
        let is_for_many = receiver.first().is_some_and(|first| first & 1 == 1);
        let known = self.learnt.get(&receiver).filter(|_| !is_for_many);
        let state = lock(&self.state);
        let Some(own) = state.cables.get(from).filter(|own| own.is_plugged) else {
            return Vec::new();
        };
        let others = state.cables.iter().enumerate().filter(|(to, cable)| {
            let is_meant = known.is_none_or(|known| known == to);
            *to != from && is_meant && cable.is_plugged && cable.segments & own.segments != 0
        });
        others.map(|(to, _)| to).collect()
    }
}

fn address(frame: &[u8], at: usize) -> Option<[u8; ADDRESS]> {
    frame.get(at..at + ADDRESS)?.try_into().ok()
}
