//! The proxies that are measured, each before the same origin: Settle's, nginx and mitmproxy.

use std::any::Any;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use settle_protocol::rpc::{BridgeCertificate, Call};
use settle_tests::process::{Running, eventually};
use settle_tests::server::Identity;
use settle_tests::{Connector, Home, Keyring};

use super::client::{NAME, Way, trusting};

/// As many as the machine has cores that the figures are for.
const NGINX_WORKERS: usize = 2;

/// A running proxy.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) way: Way,
    /// Its processes, the one that does the work among them.
    processes: Vec<u32>,
    /// What ends with it.
    _ends: Box<dyn Any>,
}

/// Settle's, which was told of the origin's certificate by import.
pub(crate) fn settle(origin: SocketAddr, identity: &Identity) -> anyhow::Result<Peer> {
    let home = Home::new(Keyring::Unlocked);
    let (port, address) = (origin.port().to_string(), origin.to_string());
    let imported = home
        .command("settle")
        // The daemon that this starts logs as it does at a user's.
        .env_remove("SETTLE_LOG")
        .args(["import", "--yes", "--name", NAME, "--port", &port])
        .args(["--address", &address, "--pem"])
        .arg(&identity.certificate)
        .output()?;
    let said = String::from_utf8_lossy(&imported.stderr);
    anyhow::ensure!(imported.status.success(), "{said}");
    let mut connector = Connector::start(&home);
    let certificate: BridgeCertificate = connector
        .call(Call::BridgeCertificate {})
        .map_err(|error| anyhow::Error::msg(error.message))?;
    let proxy = connector
        .hello()
        .map_err(|error| anyhow::Error::msg(error.message))?
        .proxy;
    let trusting = trusting(&certificate.pem)?;
    Ok(Peer {
        name: "settle",
        way: Way {
            address: SocketAddr::from(([127, 0, 0, 1], proxy.port)),
            outer: Some((proxy.host, trusting.clone())),
            tunnel: true,
            inner: trusting,
        },
        processes: vec![home.daemon_id().context("a daemon")?],
        _ends: Box::new((connector, home)),
    })
}

/// nginx as a reverse proxy: TLS 1.3 in, verified TLS 1.3 out, connections kept.
pub(crate) fn nginx(
    folder: &Path,
    origin: SocketAddr,
    identity: &Identity,
    authority: &Identity,
) -> anyhow::Result<Peer> {
    let address = free_address()?;
    let configuration = format!(
        "daemon off;\nworker_processes {NGINX_WORKERS};\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n  access_log off;\n  client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n\
         keepalive_requests 1000000;\n\
         upstream origin {{ server {origin}; keepalive 128; keepalive_requests 1000000; }}\n\
         server {{\n    listen {address} ssl;\n    server_name {NAME};\n\
         ssl_certificate {certificate};\n    ssl_certificate_key {key};\n    ssl_protocols TLSv1.3;\n\
         location / {{\n      proxy_pass https://origin;\n      proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\";\n      proxy_set_header Host {NAME};\n\
         proxy_ssl_protocols TLSv1.3;\n      proxy_ssl_verify on;\n      proxy_ssl_verify_depth 1;\n\
         proxy_ssl_trusted_certificate {authority};\n      proxy_ssl_name {NAME};\n\
         proxy_ssl_server_name on;\n      proxy_max_temp_file_size 0;\n    }}\n  }}\n}}\n",
        folder = folder.display(),
        certificate = identity.certificate.display(),
        key = identity.key.display(),
        authority = authority.certificate.display(),
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration)?;
    let process = Running::start(
        Command::new("nginx")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    wait_for(address);
    Ok(Peer {
        name: "nginx",
        way: Way {
            address,
            outer: None,
            tunnel: false,
            inner: trusting(&fs::read_to_string(&authority.certificate)?)?,
        },
        processes: nginx_processes(process.id()),
        _ends: Box::new(process),
    })
}

/// mitmproxy without its interface, in front of the origin, which it verifies.
pub(crate) fn mitmdump(
    folder: &Path,
    origin: SocketAddr,
    identity: &Identity,
) -> anyhow::Result<Peer> {
    let address = free_address()?;
    let state = folder.join("mitm");
    // Its reverse mode takes TLS from the client and verifies the server.
    let process = Running::start(
        Command::new("mitmdump")
            .args(["--quiet", "--listen-host", "127.0.0.1", "--listen-port"])
            .arg(address.port().to_string())
            .arg("--mode")
            .arg(format!("reverse:https://{origin}"))
            .arg("--set")
            .arg(format!("confdir={}", state.display()))
            .arg("--set")
            .arg(format!(
                "ssl_verify_upstream_trusted_ca={}",
                identity.certificate.display()
            ))
            .args([
                "--set",
                "stream_large_bodies=1m",
                "--set",
                "keep_host_header=true",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    wait_for(address);
    let authority = state.join("mitmproxy-ca-cert.pem");
    eventually("mitmproxy has an authority", || authority.is_file());
    Ok(Peer {
        name: "mitmdump",
        way: Way {
            address,
            outer: None,
            tunnel: false,
            inner: trusting(&fs::read_to_string(&authority)?)?,
        },
        processes: with_children(process.id()),
        _ends: Box::new(process),
    })
}

impl Peer {
    /// Seconds of processor time that it has used.
    pub(crate) fn processor_seconds(&self) -> f64 {
        let ticks: f64 = self.processes.iter().filter_map(|id| ticks(*id)).sum();
        ticks / 100.0
    }

    /// The most memory that it has had since [`Self::forget_peak`], in MB.
    pub(crate) fn peak_mb(&self) -> f64 {
        let peaks = self.processes.iter().filter_map(|id| peak_kb(*id));
        peaks.sum::<f64>() / 1024.0
    }

    /// Begins to look for the peak anew (proc(5), `clear_refs`).
    pub(crate) fn forget_peak(&self) -> anyhow::Result<()> {
        for id in &self.processes {
            fs::write(format!("/proc/{id}/clear_refs"), "5")?;
        }
        Ok(())
    }
}

/// User and system time in ticks of 10 ms (proc(5), `stat`).
fn ticks(id: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

fn peak_kb(id: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().trim_end_matches(" kB").parse().ok()
}

/// nginx listens before it has started the workers, whose time is what counts.
fn nginx_processes(id: u32) -> Vec<u32> {
    eventually("nginx has its workers", || {
        with_children(id).len() == 1 + NGINX_WORKERS
    });
    with_children(id)
}

/// A proxy and those of its processes that are started by now.
fn with_children(id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    std::iter::once(id).chain(children).collect()
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}

fn wait_for(address: SocketAddr) {
    eventually("the proxy listens", || TcpStream::connect(address).is_ok());
}
