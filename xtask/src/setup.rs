//! What must be on the machine: each thing is looked for by what it gives; what is missing is
//! installed where this may be done (root on Debian), and else named in one command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::process;

const WASM: &str = "wasm32-unknown-unknown";
/// Systems whose keyrings are compiled for, and not run.
pub(crate) const OTHER_SYSTEMS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-pc-windows-gnu"];
const TYPOS: &str = "1.52.0";
const OPENAPI: &str = "0.9.0";
/// What drives Firefox; no Debian package has it.
const GECKODRIVER: &str = "0.37.1";
/// What looks for attacks on the model of pairing.
const VERIFPAL: &str = "1.6.7";
/// The version that builds fuzz targets.
const CARGO_FUZZ: &str = "0.13.2";

/// A program and the Debian package that brings it.
type Need = (&'static str, &'static str);

const NODE: &[Need] = &[("node", "nodejs"), ("npm", "npm")];
const KEYRING: &[Need] = &[
    ("gnome-keyring-daemon", "gnome-keyring"),
    ("dbus-daemon", "dbus-daemon"),
    ("dbus-send", "dbus-bin"),
];
const NETWORK: &[Need] = &[
    ("unshare", "util-linux"),
    ("ip", "iproute2"),
    ("tcpdump", "tcpdump"),
    ("avahi-daemon", "avahi-daemon"),
    ("avahi-browse", "avahi-utils"),
    ("dnsmasq", "dnsmasq-base"),
    ("udhcpc", "udhcpc"),
];
/// What judges certificates a second time, in tests.
const SECOND: &[Need] = &[("openssl", "openssl")];
/// What several referees share.
const DATABASE: &[Need] = &[("pg_createcluster", "postgresql")];
/// What judges the device's unit; nothing of it runs.
const SYSTEMD: &[Need] = &[("systemd-analyze", "systemd")];
/// What kills a program at a system call of choice, and what starts one as another user.
const STRIKES: &[Need] = &[("strace", "strace"), ("setpriv", "util-linux")];
/// Foreign clients and servers, in tests of the real binaries.
const FOREIGN: &[Need] = &[
    ("curl", "curl"),
    ("h2load", "nghttp2-client"),
    ("certbot", "certbot"),
    ("lego", "lego"),
    (PYOPENSSL, "python3-openssl"),
    (ZEROCONF, "python3-zeroconf"),
];
/// The second implementation's TLS; it brings the second implementation's cryptography.
const PYOPENSSL: &str = "/usr/lib/python3/dist-packages/OpenSSL/SSL.py";
/// Another multicast DNS.
const ZEROCONF: &str = "/usr/lib/python3/dist-packages/zeroconf/__init__.py";
/// What the verifying proxy is measured beside.
const PEERS: &[Need] = &[("nginx", "nginx-light"), ("mitmdump", "mitmproxy")];
/// What the referee is measured beside.
const AUTHORITY: &[Need] = &[("pebble", "pebble")];
/// What `settle install` uses.
const HOST: &[Need] = &[("certutil", "libnss3-tools")];
/// What moves the clock of the programs under test.
const CLOCK: &[Need] = &[("faketime", "faketime")];
const BROWSER: &[Need] = &[("chromium", "chromium"), (FIREFOX, "firefox-esr")];
const FIREFOX: &str = "firefox-esr";
/// A real web interface. The demo does without it by a bundled page, the browser tests do not.
const CUPS: &[Need] = &[("cupsd", "cups")];

/// Another one, of another kind.
const TRANSMISSION: &[Need] = &[("transmission-daemon", "transmission-daemon")];

/// A server that gets its certificate by ACME.
const CADDY: &[Need] = &[("caddy", "caddy")];

/// Everything that any task needs.
pub(crate) fn everything() -> anyhow::Result<()> {
    pipes()?;
    browser()?;
    wasm_target()?;
    other_systems()?;
    openapi()?;
    verifpal()?;
    typos().map(drop)
}

/// What the private network and the keyring in it are made of, and what the host uses there.
pub(crate) fn sandbox() -> anyhow::Result<()> {
    packages(&[NETWORK, KEYRING, HOST].concat())
}

/// The proxies of others.
pub(crate) fn peers() -> anyhow::Result<()> {
    packages(&[PEERS, SECOND].concat())
}

/// The certificate authorities of others.
pub(crate) fn authorities() -> anyhow::Result<()> {
    packages(&[AUTHORITY, SECOND].concat())
}

/// What the tests of the real binaries use beside a sandbox.
pub(crate) fn pipes() -> anyhow::Result<()> {
    sandbox()?;
    packages(&[SECOND, FOREIGN, STRIKES, CLOCK, SYSTEMD].concat())
}

/// What the tests of single crates use.
pub(crate) fn host() -> anyhow::Result<()> {
    packages(&[HOST, SECOND, DATABASE].concat())
}

/// A browser and what drives it.
pub(crate) fn browser() -> anyhow::Result<()> {
    packages(&[NODE, BROWSER].concat())?;
    node_modules()
}

/// What the tests in a browser put around it: real interfaces, and a certificate of another site.
pub(crate) fn around_the_browser() -> anyhow::Result<()> {
    packages(&[CUPS, TRANSMISSION, CADDY, SECOND].concat())
}

/// A real web interface for the demo, if this machine lets us have it.
pub(crate) fn cups() -> bool {
    missing(CUPS).is_empty() || (may_install() && install(&["cups"]).is_ok())
}

/// The packages of `playwright/package-lock.json`, the tools for our scripts among them.
pub(crate) fn node_modules() -> anyhow::Result<()> {
    packages(NODE)?;
    let folder = process::root().join("playwright");
    let lock = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join("node_modules/.installed-lock");
    if fs::read(&installed).is_ok_and(|old| old == lock) {
        return Ok(());
    }
    eprintln!("== npm install");
    // Not `npm ci`: it refuses a lock without the packages of platforms that a mirror leaves out.
    // Versions and digests are taken from the lock all the same, and nothing is written to it.
    process::run(
        process::command("npm")
            .current_dir(&folder)
            .args([
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    Ok(fs::write(installed, lock)?)
}

/// The compilation target of the extension's logic.
pub(crate) fn wasm_target() -> anyhow::Result<()> {
    rust_target(WASM)
}

/// What the keyrings of other systems are compiled for; no linker is needed.
pub(crate) fn other_systems() -> anyhow::Result<()> {
    OTHER_SYSTEMS.into_iter().try_for_each(rust_target)
}

fn rust_target(name: &str) -> anyhow::Result<()> {
    let sysroot = process::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim()).join("lib/rustlib").join(name);
    if library.is_dir() {
        return Ok(());
    }
    eprintln!("== rustup target add {name}");
    process::run(process::command("rustup").args(["target", "add", name]))
        .with_context(|| format!("install the Rust target {name}"))
}

/// The spelling checker.
pub(crate) fn typos() -> anyhow::Result<PathBuf> {
    python_program("typos", TYPOS)
}

/// What judges descriptions of APIs.
pub(crate) fn openapi() -> anyhow::Result<PathBuf> {
    python_program("openapi-spec-validator", OPENAPI)
}

/// A program of the Python Package Index, in an environment of its own.
fn python_program(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let folder = process::target().join(format!("tools/{name}-{version}"));
    let program = folder.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    let has_venv = || process::succeeds(Command::new("python3").args(["-c", "import ensurepip"]));
    if !has_venv() {
        require(&["python3-venv"])?;
    }
    eprintln!("== {name} {version}");
    process::run(
        process::command("python3")
            .args(["-m", "venv"])
            .arg(&folder),
    )?;
    process::run(
        process::command(folder.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("{name}=={version}")),
    )?;
    Ok(program)
}

/// The program that builds fuzz targets, and the toolchain that it needs.
pub(crate) fn cargo_fuzz(toolchain: &str) -> anyhow::Result<PathBuf> {
    let has_toolchain =
        process::succeeds(process::command("cargo").args([&format!("+{toolchain}"), "--version"]));
    if !has_toolchain {
        process::run(process::command("rustup").args([
            "toolchain",
            "install",
            toolchain,
            "--profile",
            "minimal",
        ]))
        .context("fuzzing needs a nightly toolchain")?;
    }
    if process::find("c++").is_none() {
        require(&["g++"])?;
    }
    tool("cargo-fuzz", CARGO_FUZZ, &["--debug"])
}

/// Firefox's program, and what drives it.
pub(crate) fn firefox() -> anyhow::Result<[PathBuf; 2]> {
    let firefox = process::find(FIREFOX).context("Firefox is missing")?;
    // What the link leads to is run: its own folder has what belongs to it.
    Ok([
        fs::canonicalize(firefox)?,
        tool("geckodriver", GECKODRIVER, &["--debug"])?,
    ])
}

/// What looks for attacks on models. It asks for a compiler that is newer than the one that it needs, and not
/// optimized it looks for seven times as long.
pub(crate) fn verifpal() -> anyhow::Result<PathBuf> {
    tool("verifpal", VERIFPAL, &["--ignore-rust-version"])
}

/// A program of a crate, built once.
fn tool(name: &str, version: &str, how: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = process::target().join(format!("tools/{name}-{version}"));
    let program = folder.join("bin").join(name);
    if !program.is_file() {
        eprintln!("== {name} {version}");
        let mut install = process::cargo(&["install", "--locked", name]);
        install.args(how);
        process::run(install.args(["--version", version, "--root"]).arg(&folder))?;
    }
    Ok(program)
}

/// The browser's program. Debian's wrapper prints a warning of its shell, so what it wraps is taken.
pub(crate) fn chromium() -> anyhow::Result<PathBuf> {
    let wrapped = PathBuf::from("/usr/lib/chromium/chromium");
    if wrapped.is_file() {
        return Ok(wrapped);
    }
    ["chromium", "chromium-browser"]
        .into_iter()
        .find_map(process::find)
        .context("Chromium is missing")
}

fn packages(needs: &[Need]) -> anyhow::Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    require(&missing)
}

fn missing(needs: &[Need]) -> Vec<&'static str> {
    needs
        .iter()
        .filter(|(program, _)| process::find(program).is_none())
        .map(|(_, package)| *package)
        .collect()
}

fn require(packages: &[&str]) -> anyhow::Result<()> {
    if !may_install() {
        bail!(
            "this machine lacks {0}; on Debian this command installs it:\n  \
             sudo apt-get update && sudo apt-get install -y --no-install-recommends {0}",
            packages.join(" ")
        );
    }
    install(packages)
}

/// Root on a system of Debian's kind may.
fn may_install() -> bool {
    process::find("apt-get").is_some()
        && process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    eprintln!("== apt-get install {}", packages.join(" "));
    let apt = |arguments: &[&str]| {
        process::run(
            process::command("apt-get")
                .arg("-qq")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive")
                // What is installed for a test starts no service of its own.
                .env("RUNLEVEL", "1")
                .stdout(std::io::stderr()),
        )
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}
