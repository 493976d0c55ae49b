//! Watches the private network with tcpdump and logs each DNS question, one JSON object a line.
//!
//! Ports: 53 (DNS), 853 (DNS over TLS or QUIC: the names in it cannot be seen, so each opening
//! counts) and 5353 (multicast DNS).

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::dns::{self, MARKER_ZONE};
use crate::process::{self, Running};

const PCAP_HEADER: usize = 24;
const PCAP_RECORD: usize = 16;
const ETHERNET: usize = 14;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// A running capture.
#[derive(Debug)]
pub(crate) struct Capture {
    log: PathBuf,
    _tcpdump: Running,
}

impl Capture {
    /// Starts tcpdump on the loopback and returns once it sees packets.
    pub(crate) fn start(log: PathBuf) -> anyhow::Result<Self> {
        let mut tcpdump = process::command(process::find("tcpdump").context("tcpdump is missing")?)
            .args([
                "-i",
                "lo",
                "--immediate-mode",
                "-U",
                "-Z",
                "root",
                "-w",
                "-",
            ])
            .arg("port 53 or port 853 or port 5353")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("tcpdump")?;
        let packets = tcpdump.stdout.take().context("tcpdump's output")?;
        let file = File::create(&log)?;
        thread::spawn(move || {
            // The end of the stream is the end of the capture; `sync` notices a capture that is gone.
            drop(follow(packets, file));
        });
        let capture = Self {
            log,
            _tcpdump: Running(tcpdump),
        };
        capture.sync()?;
        Ok(capture)
    }

    /// The file with one question a line.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Returns once everything that was sent before is in the log: it asks for a name that nobody
    /// else asks for, and waits until that question was captured.
    pub(crate) fn sync(&self) -> anyhow::Result<()> {
        let start = Instant::now();
        let marker = format!("marker-{}.{MARKER_ZONE}", fs::metadata(&self.log)?.len());
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        while start.elapsed() < Duration::from_secs(20) {
            socket.send_to(&dns::address_question(&marker), (Ipv4Addr::LOCALHOST, 53))?;
            for _ in 0..20 {
                if fs::read_to_string(&self.log)?.contains(&marker) {
                    return Ok(());
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        bail!("the capture does not see the packets of this network");
    }

    /// How often the network was asked for a local name until now.
    pub(crate) fn local_questions(&self) -> anyhow::Result<usize> {
        self.sync()?;
        let log = fs::read_to_string(&self.log)?;
        let counted = |line: &str| {
            serde_json::from_str::<Value>(line)
                .is_ok_and(|question| question.get("counted") == Some(&Value::Bool(true)))
        };
        Ok(log.lines().filter(|line| counted(line)).count())
    }
}

/// Reads packets until the stream ends (the pcap format of the libpcap manual, `pcap-savefile`).
fn follow(mut packets: ChildStdout, mut log: File) -> anyhow::Result<()> {
    packets.read_exact(&mut [0; PCAP_HEADER])?;
    let mut record = [0; PCAP_RECORD];
    let mut announced = HashSet::new();
    while packets.read_exact(&mut record).is_ok() {
        let [.., a, b, c, d, _, _, _, _] = record;
        let length = usize::try_from(u32::from_ne_bytes([a, b, c, d]))?;
        let mut packet = vec![0; length];
        packets.read_exact(&mut packet)?;
        for line in lines(&packet, &mut announced) {
            // In one piece: others read while this writes.
            log.write_all(format!("{line}\n").as_bytes())?;
        }
    }
    Ok(())
}

/// The log's lines for one Ethernet frame; `announced` are the hosts of services until then.
fn lines(packet: &[u8], announced: &mut HashSet<String>) -> Vec<Value> {
    let Some(sent) = segment(packet) else {
        return Vec::new();
    };
    match sent.port {
        853 if sent.opens => vec![json!({ "name": null, "port": 853, "counted": true })],
        853 => Vec::new(),
        port => {
            if port == 5353 {
                announced.extend(dns::service_hosts(sent.payload));
            }
            dns::questions(sent.payload)
                .iter()
                .map(|question| question.to_json(port, announced))
                .collect()
        }
    }
}

struct Segment<'a> {
    /// The destination's port.
    port: u16,
    /// A datagram, or the first packet of a connection.
    opens: bool,
    payload: &'a [u8],
}

/// Finds the transport's payload (RFC 791, RFC 8200, RFC 768, RFC 9293).
fn segment(packet: &[u8]) -> Option<Segment<'_>> {
    let ip = packet.get(ETHERNET..)?;
    let (protocol, transport) = match ip.first()? >> 4 {
        4 => (*ip.get(9)?, ip.get(usize::from(ip.first()? & 0xf) * 4..)?),
        6 => (*ip.get(6)?, ip.get(40..)?),
        _ => return None,
    };
    let port = u16::from_be_bytes([*transport.get(2)?, *transport.get(3)?]);
    match protocol {
        UDP => Some(Segment {
            port,
            opens: true,
            payload: transport.get(8..)?,
        }),
        TCP => Some(Segment {
            port,
            opens: transport.get(13)? & 0x12 == 0x02,
            // Two octets of length go before a message (RFC 1035 §4.2.2).
            payload: transport
                .get(usize::from(transport.get(12)? >> 4) * 4 + 2..)
                .unwrap_or_default(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; ETHERNET];
        packet.extend([0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP, 0, 0]);
        packet.extend([127, 0, 0, 1, 127, 0, 0, 1]);
        packet.extend([0x80, 0]);
        packet.extend(port.to_be_bytes());
        packet.extend([0; 4]);
        packet.extend(payload);
        packet
    }

    #[test]
    fn a_question_is_found_in_its_packet() {
        let lines = lines(
            &udp(53, &dns::address_question("printer.local")),
            &mut HashSet::new(),
        );
        assert_eq!(lines[0]["name"], "printer.local");
        assert_eq!(lines[0]["counted"], true);
    }

    #[test]
    fn what_cannot_be_read_counts() {
        assert_eq!(
            lines(&udp(853, b"?"), &mut HashSet::new())[0]["counted"],
            true
        );
    }

    #[test]
    fn a_cut_packet_is_skipped() {
        let packet = udp(53, &dns::address_question("printer.local"));
        for end in 0..packet.len() {
            assert!(lines(&packet[..end], &mut HashSet::new()).is_empty());
        }
    }
}
