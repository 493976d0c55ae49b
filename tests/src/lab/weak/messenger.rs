//! A native messaging host as one writes it in an afternoon: it answers whoever starts it, makes room for as
//! much as a frame says to have, and takes calls whether or not anybody listens to what it answers.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Sender};
use std::thread;

use settle_protocol::name::LocalName;
use settle_protocol::rpc::{
    Call, Devices, FromDaemon, Proxy, Request, UnverifiedName, VERSION, Welcome,
};

/// Answers until its input ends.
///
/// # Errors
/// When nobody is there any more.
///
/// # Panics
/// At what is no call: it comes from its own extension, as its author thinks.
pub fn serve(input: impl Read + Send + 'static, mut output: impl Write) -> io::Result<()> {
    let (taken, waiting) = mpsc::channel();
    thread::spawn(move || take(input, &taken));
    waiting.iter().try_for_each(|frame| {
        let call = serde_json::from_slice(&frame).expect("a call");
        answer(&call, &mut output)
    })
}

/// Takes all there is, without waiting for anybody.
fn take(mut input: impl Read, taken: &Sender<Vec<u8>>) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_ne_bytes(length).try_into();
        let mut frame = vec![b' '; length.expect("a length")];
        input.read_exact(&mut frame)?;
        taken.send(frame).map_err(io::Error::other)?;
    }
}

fn answer(request: &Request, output: &mut impl Write) -> io::Result<()> {
    let id = Some(request.id);
    let answer = if matches!(request.call, Call::Hello(_)) {
        FromDaemon::answer(id, Ok(welcome()))
    } else {
        FromDaemon::answer(id, Ok(devices()))
    };
    let text = serde_json::to_vec(&answer)?;
    let length = u32::try_from(text.len()).expect("a length");
    output.write_all(&[&length.to_ne_bytes(), text.as_slice()].concat())?;
    output.flush()
}

/// With the secret name by which browsers alone are to reach the proxy.
fn welcome() -> Welcome {
    let host = "secret.localhost".to_owned();
    Welcome {
        protocol: VERSION,
        daemon: "0.0.0".to_owned(),
        proxy: Proxy { host, port: 1 },
    }
}

/// What is in the house.
fn devices() -> Devices {
    let name = LocalName::parse("cam.local").expect("a name");
    Devices {
        devices: Vec::new(),
        unverified: vec![UnverifiedName { name, since: 0 }],
    }
}
