//! The web interface that the device stands in front of: a real printer server, CUPS, where it runs,
//! and else two pages of our own.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::{self, Running};

/// CUPS refuses other names than `localhost` on the loopback's own addresses, so it gets another
/// one (RFC 5737) on that interface.
const CUPS_ADDRESS: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    631,
);

/// A running web interface.
#[derive(Debug)]
pub(super) struct Upstream {
    name: &'static str,
    url: String,
    _process: Running,
}

impl Upstream {
    /// Starts CUPS, or else the bundled pages. `work` is a folder for its files.
    pub(super) fn start(work: &Path) -> anyhow::Result<Self> {
        if process::find("cupsd").is_some() {
            match start_cups(&work.join("cups")) {
                Ok(cups) => return Ok(cups),
                Err(error) => eprintln!("CUPS does not run here: {error:#}"),
            }
        }
        start_bundled()
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

fn start_cups(folder: &Path) -> anyhow::Result<Upstream> {
    let ip = process::find("ip").context("ip is missing")?;
    let address = format!("{}/32", CUPS_ADDRESS.ip());
    process::run(process::command(ip).args(["address", "add", &address, "dev", "lo"]))?;
    for name in ["root", "spool", "cache", "run/certs", "log", "tmp"] {
        fs::create_dir_all(folder.join(name))?;
    }
    // Its pages are made by programs of another user.
    for public in folder.ancestors().take(2) {
        fs::set_permissions(public, Permissions::from_mode(0o755))?;
    }
    fs::write(folder.join("cupsd.conf"), cupsd_configuration())?;
    fs::write(folder.join("cups-files.conf"), cups_files(folder))?;
    let cupsd = process::command(process::find("cupsd").context("cupsd is missing")?)
        .arg("-f")
        .arg("-c")
        .arg(folder.join("cupsd.conf"))
        .arg("-s")
        .arg(folder.join("cups-files.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log/stderr"))?)
        .spawn()?;
    let cups = Upstream {
        name: "CUPS",
        url: format!("http://{CUPS_ADDRESS}"),
        _process: Running(cupsd),
    };
    let start = Instant::now();
    while !answers(CUPS_ADDRESS) {
        if start.elapsed() > Duration::from_secs(10) {
            let log = fs::read_to_string(folder.join("log/stderr"))?;
            bail!("no answer; {log}");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(cups)
}

/// Whether it gives its front page to a browser that asks for the printer.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"GET / HTTP/1.0\r\nHost: printer.local\r\n\r\n")?;
        let mut answer = vec![0; 16];
        stream.read_exact(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    };
    ask().is_ok_and(|answer| answer.split(' ').nth(1) == Some("200"))
}

fn cupsd_configuration() -> String {
    format!(
        "Listen {CUPS_ADDRESS}\nServerAlias *\nWebInterface Yes\nBrowsing Off\n\
         DefaultAuthType None\nLogLevel warn\n\
         <Location />\n  Order allow,deny\n  Allow all\n</Location>\n"
    )
}

fn cups_files(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "ServerRoot {folder}/root\nRequestRoot {folder}/spool\nTempDir {folder}/tmp\n\
         CacheDir {folder}/cache\nStateDir {folder}/run\nAccessLog {folder}/log/access\n\
         ErrorLog stderr\nPageLog {folder}/log/page\nSystemGroup root\nUser lp\nGroup lp\n"
    )
}

fn start_bundled() -> anyhow::Result<Upstream> {
    let mut node = process::command("node")
        .arg(process::root().join("playwright/site.js"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("node")?;
    let output = node.stdout.take().context("a pipe")?;
    let node = Running(node);
    let line = BufReader::new(output).lines().next();
    Ok(Upstream {
        name: "two bundled pages",
        url: line.context("the bundled site ended")??,
        _process: node,
    })
}
