//! Who listens to the network: every octet of the packets that a filter lets through, as tcpdump sees
//! them on the loopback.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::process::{Command, Stdio};

use tempfile::NamedTempFile;

use crate::process::{Running, eventually};

/// Where the marker goes, that says up to where was listened.
const MARKER_PORT: u16 = 9;

/// A running capture.
#[derive(Debug)]
pub struct Wire {
    file: NamedTempFile,
    _tcpdump: Running,
}

impl Wire {
    /// Listens from now on to what the filter (`pcap-filter`) lets through.
    #[must_use]
    pub fn listen(filter: &str) -> Self {
        let file = NamedTempFile::new().expect("a file");
        let mut tcpdump = Command::new("tcpdump");
        tcpdump
            .args(["-i", "lo", "--immediate-mode", "-U", "-Z", "root", "-w"])
            .arg(file.path())
            .arg(format!("({filter}) or udp port {MARKER_PORT}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut tcpdump = Running::start(&mut tcpdump);
        let said = tcpdump.child().stderr.take().expect("a pipe");
        let listening = BufReader::new(said)
            .lines()
            .any(|line| line.is_ok_and(|line| line.contains("listening on")));
        assert!(listening, "tcpdump does not listen");
        Self {
            file,
            _tcpdump: tcpdump,
        }
    }

    /// Everything that was heard until now (`pcap-savefile`).
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        let marker = format!("up to here {:?}", socket.local_addr());
        let heard = || fs::read(self.file.path()).expect("the capture");
        eventually("everything is heard", || {
            socket
                .send_to(marker.as_bytes(), (Ipv4Addr::LOCALHOST, MARKER_PORT))
                .expect("a marker");
            contains(&heard(), marker.as_bytes())
        });
        heard()
    }

    /// Whether a text was heard until now, in upper or lower case.
    #[must_use]
    pub fn has_heard(&self, text: &str) -> bool {
        let heard = self.heard().to_ascii_lowercase();
        contains(&heard, text.to_ascii_lowercase().as_bytes())
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
