//! DHCP on the network: dnsmasq, which many home routers have, and the client of BusyBox. Nothing of it is ours.

use std::collections::HashMap;
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use data_encoding::HEXLOWER_PERMISSIVE;
use tempfile::TempDir;

use super::host::{Host, INTERFACE};
use crate::process::Running;

/// What it gives out, besides what its own lines say. It answers no DNS.
const USUAL: &str = "port=0\nuser=root\ninterface=eth0\nno-ping\ndhcp-authoritative\n\
                     dhcp-range=192.168.99.200,192.168.99.250,255.255.255.0,1h\n";

/// What the client calls when something has come: it takes the address, and keeps what it was told.
const SCRIPT: &str = "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\n\
                      ip address replace \"$ip/$mask\" dev \"$interface\"\nenv > \"$0.told\"\n";

/// A running server.
#[derive(Debug)]
pub struct DhcpServer {
    _process: Running,
    _folder: TempDir,
}

/// What a host was told by DHCP, as its client names it.
#[derive(Clone, Debug)]
pub struct Lease(HashMap<String, String>);

impl DhcpServer {
    /// Starts one on a host, with these lines in its configuration besides.
    #[must_use]
    pub fn start(host: &Host, lines: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("dnsmasq.conf");
        fs::write(&file, format!("{USUAL}{lines}\n")).expect("a file");
        let mut command = Command::new("dnsmasq");
        command.args(["--keep-in-foreground", "--pid-file=", "--log-facility=-"]);
        command.arg(format!("--conf-file={}", file.display()));
        let leases = folder.path().join("leases");
        command.arg(format!("--dhcp-leasefile={}", leases.display()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            _process: host.on(|| Running::start(&mut command)),
            _folder: folder,
        }
    }
}

impl Host {
    /// Asks for an address by DHCP, and for where the captive portal's API is (RFC 8910 §2.1), and takes the address.
    ///
    /// # Panics
    /// When nobody answers.
    #[must_use]
    pub fn lease(&self) -> Lease {
        let folder = TempDir::new().expect("a folder");
        let script = folder.path().join("script");
        fs::write(&script, SCRIPT).expect("a file");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).expect("a script");
        let mut command = Command::new("udhcpc");
        command.args(["-f", "-q", "-n", "-t", "20", "-T", "1"]);
        command.args(["-i", INTERFACE, "-O", "114", "-s"]);
        let done = self.on(|| command.arg(&script).output().expect("udhcpc"));
        assert!(done.status.success(), "{done:?}");
        let told = fs::read_to_string(script.with_extension("told")).expect("a lease");
        let lines = told.lines().filter_map(|line| line.split_once('='));
        Lease(
            lines
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }
}

impl Lease {
    /// The address.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        let address = self.0.get("ip").expect("an address");
        address.parse().expect("an address")
    }

    /// Where the captive portal's API is, if that was said. The client knows this option by its number alone.
    #[must_use]
    pub fn portal(&self) -> Option<String> {
        let octets = HEXLOWER_PERMISSIVE.decode(self.0.get("opt114")?.as_bytes());
        String::from_utf8(octets.ok()?).ok()
    }
}
