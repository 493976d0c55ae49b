//! A device's own web interface: a small HTTP/1.1 server that remembers every request.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// What its front page says.
pub const PAGE: &str =
    "<!doctype html><title>Printer</title><p>Ink: full. <a href=\"/jobs\">Jobs</a>";

/// After which all that comes goes back, in no frames.
const SWITCH: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/// A request's head, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// `GET / HTTP/1.1`.
    pub line: String,
    /// The header fields, in lower case names.
    pub headers: Vec<(String, String)>,
    /// The whole head byte by byte, up to and including the empty line.
    pub raw: Vec<u8>,
    /// The body, without the frames of its chunks.
    pub body: Vec<u8>,
}

impl Seen {
    /// A header field's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A running web interface. Its thread ends with the test.
#[derive(Debug)]
pub struct Upstream {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// Starts on a free port.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST)
    }

    /// Starts on a free port of an address of this computer.
    #[must_use]
    pub fn start_at(address: Ipv4Addr) -> Self {
        let listener = TcpListener::bind((address, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for connection in listener.incoming().filter_map(Result::ok) {
                let seen = Arc::clone(&seen);
                // A connection that breaks ends; the test looks at what it asked for itself.
                thread::spawn(move || drop(serve(connection, &seen)));
            }
        });
        Self { address, requests }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that reached it until now.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        let requests = self.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(connection: TcpStream, seen: &Mutex<Vec<Seen>>) -> io::Result<()> {
    let mut answer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    while let Some(mut request) = read_head(&mut reader)? {
        // The head is seen even where the body never comes.
        let at = {
            let mut requests = seen.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
            requests.len() - 1
        };
        request.body = read_body(&mut reader, &request)?;
        let is_switch = request.header("upgrade").is_some();
        let mut requests = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = requests.get_mut(at) {
            *seen = request;
        }
        drop(requests);
        if is_switch {
            answer.write_all(SWITCH)?;
            return io::copy(&mut reader, &mut answer).map(drop);
        }
        write!(
            answer,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{PAGE}",
            PAGE.len()
        )?;
    }
    Ok(())
}

/// Reads a head as strictly as can be: whatever is not one shows up in what was seen.
fn read_head(reader: &mut BufReader<TcpStream>) -> io::Result<Option<Seen>> {
    let mut raw = Vec::new();
    while !raw.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut raw)? == 0 {
            return Ok(None);
        }
    }
    let text = String::from_utf8_lossy(&raw).into_owned();
    let mut lines = text.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|field| field.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Some(Seen {
        line,
        headers,
        raw,
        body: Vec::new(),
    }))
}

fn read_body(reader: &mut BufReader<TcpStream>, head: &Seen) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if head.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            reader.take(size).read_to_end(&mut body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let length = head.header("content-length").map(str::parse::<usize>);
    if let Some(length) = length {
        body.resize(length.map_err(io::Error::other)?, 0);
        reader.read_exact(&mut body)?;
    }
    Ok(body)
}
