//! Programs of the same user that send too much, or too little: they are served within bounds, and
//! nobody else waits for them.

use std::io::{self, Read, Write as _};
use std::os::unix::net::UnixStream;
use std::thread;

use serde_json::Value;
use settle_protocol::rpc::ErrorKind;
use settle_tests::census::{daemons_of, descriptors, memory};
use settle_tests::connector::ORIGIN;
use settle_tests::process::eventually;
use settle_tests::{Connector, Home, Keyring};

/// What the daemon may have more in memory than before, in KiB.
pub(crate) const BOUND: u64 = 8 * 1024;
const LIST: &str = r#"{"jsonrpc":"2.0","id":7,"method":"devices.list","params":{}}"#;
const HELLO: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"flood"}}"#;

/// A home with somebody in it who wants to be served.
struct House {
    connector: Connector,
    home: Home,
    daemon: u32,
    memory: u64,
    descriptors: usize,
}

impl House {
    fn new() -> Self {
        let home = Home::new(Keyring::Unlocked);
        let mut connector = Connector::start(&home);
        connector.devices();
        // Not by its socket, where asking would be a session of its own for a moment.
        let daemon = daemons_of(home.path()).remove(0);
        Self {
            connector,
            memory: memory(daemon, "VmRSS"),
            descriptors: descriptors(daemon),
            home,
            daemon,
        }
    }

    fn connect(&self) -> UnixStream {
        UnixStream::connect(self.home.daemon_socket()).unwrap()
    }

    /// Others are served, and the daemon has not grown.
    fn stands(&mut self) {
        assert!(self.connector.devices().is_empty());
        let most = memory(self.daemon, "VmHWM");
        assert!(
            most < self.memory + BOUND,
            "{} KiB, {most} KiB",
            self.memory
        );
    }

    /// Everything that was opened is closed again.
    fn is_as_before(&mut self) {
        self.stands();
        let Self {
            daemon,
            descriptors: before,
            ..
        } = *self;
        eventually("as few descriptors as before", || {
            descriptors(daemon) <= before
        });
        Connector::start(&self.home).close();
        assert_eq!(self.home.daemon_id(), Some(daemon));
    }
}

pub(crate) fn frame(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap().to_ne_bytes();
    [&length[..], text.as_bytes()].concat()
}

pub(crate) fn answer(stream: &mut impl Read) -> io::Result<Value> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut text = vec![0; usize::try_from(u32::from_ne_bytes(length)).unwrap()];
    stream.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

#[test]
fn garbage_half_frames_and_lengths_without_end_cost_nothing() {
    let mut house = House::new();
    for round in 0..200_u32 {
        let mut stream = house.connect();
        // Some read as a length that is too large, some as that of a frame that never ends.
        let garbage: Vec<u8> = (0..4096_u32)
            .map(|index| u8::try_from((index * 31 + round * 17) % 251).unwrap())
            .collect();
        // The daemon may have closed it already.
        drop(stream.write_all(&garbage));
    }
    let (daemon, before) = (house.daemon, house.descriptors);
    eventually("the garbage is gone", || descriptors(daemon) <= before);
    let mut held: Vec<UnixStream> = (0..40).map(|_| house.connect()).collect();
    for (index, stream) in held.iter_mut().enumerate() {
        let length: u32 = if index % 2 == 0 { 1 << 30 } else { 256 * 1024 };
        stream.write_all(&length.to_ne_bytes()).unwrap();
        if index % 2 == 1 {
            stream.write_all(b"{\"jsonrpc\":").unwrap();
        }
    }
    for stream in held.iter_mut().step_by(2) {
        let end = stream.read(&mut [0; 1]);
        // Closed before it read what was sent, a connection ends in a reset.
        let ended = end.as_ref().map_or_else(
            |error| error.kind() == io::ErrorKind::ConnectionReset,
            |read| *read == 0,
        );
        assert!(ended, "a gigabyte is not waited for: {end:?}");
    }
    house.stands();
    drop(held);
    house.is_as_before();
}

#[test]
fn ten_thousand_calls_of_one_that_does_not_listen_wait_for_it() {
    const CALLS: usize = 10_000;
    let mut house = House::new();
    let mut stream = house.connect();
    stream.write_all(&frame(HELLO)).unwrap();
    answer(&mut stream).unwrap();
    let mut sending = stream.try_clone().unwrap();
    let sender = thread::spawn(move || {
        let call = frame(LIST);
        (0..CALLS).try_for_each(|_| sending.write_all(&call))
    });
    for _ in 0..200 {
        house.stands();
    }
    assert!(!sender.is_finished(), "everything was taken at once");
    // It listens after all: every call has its answer.
    for _ in 0..CALLS {
        let answer = answer(&mut stream).unwrap();
        assert_eq!(answer["id"], 7);
        assert!(answer["result"].is_object() || answer["error"]["data"]["kind"] == "busy");
    }
    sender.join().unwrap().unwrap();
    drop(stream);
    house.is_as_before();
}

#[test]
fn of_two_hundred_connections_the_first_are_served_and_the_others_told() {
    let mut house = House::new();
    let mut streams: Vec<UnixStream> = (0..200).map(|_| house.connect()).collect();
    let hello = frame(HELLO);
    let mut served = 0;
    for stream in &mut streams {
        // Those for whom there is not even a refusal are closed.
        let Ok(answer) = stream.write_all(&hello).and_then(|()| answer(stream)) else {
            continue;
        };
        if answer["result"].is_object() {
            served += 1;
        } else {
            assert_eq!(answer["error"]["data"]["kind"], "busy");
        }
    }
    assert_eq!(served, 63, "beside the one that was there before");
    house.stands();
    let refused = Connector::spawn(&house.home, ORIGIN).hello().unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::Busy);
    drop(streams);
    let daemon = house.daemon;
    let before = house.descriptors;
    eventually("there is room", || descriptors(daemon) <= before);
    house.is_as_before();
}
