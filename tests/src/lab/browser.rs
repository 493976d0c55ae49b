//! A person at a real Chromium on a host of the network: with Settle, or as they come, clicking every
//! warning away. `playwright/lab.js` drives it; `cargo xtask test` says where browser and extension are.

use std::fs;
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Appliance, Computer};
use crate::line::Lines;
use crate::process::Running;

/// Where the browser keeps what it knows, below the home.
const PROFILE: &str = "chromium";
/// What the script needs to be told, by whoever starts the tests.
const EXTENSION: &str = "SETTLE_EXTENSION";

/// A running browser with one tab.
#[derive(Debug)]
pub struct Browser {
    shown: Lines,
    wishes: ChildStdin,
    _process: Running,
}

/// What the tab shows.
#[derive(Clone, Debug, Deserialize)]
pub struct Shown {
    /// Its text.
    pub text: String,
    /// Why the way to a device is blocked, where it is.
    pub reason: Option<String>,
    /// Whether it has what browsers give to secure pages alone.
    pub is_secure_context: bool,
    /// Whether the browser itself warns of it.
    pub warns: bool,
}

impl Browser {
    /// The computer's own browser, after `settle install`.
    ///
    /// # Panics
    /// When the host cannot be installed, or no browser is there.
    #[must_use]
    pub fn start(computer: &Computer) -> Self {
        let profile = computer.home.path().join(PROFILE);
        fs::create_dir_all(&profile).expect("a folder");
        let mut install = computer.home.command("settle");
        install.args(["install", "--yes", "--user-data-dir"]);
        let installed = computer.host.on(|| install.arg(&profile).output());
        let installed = installed.expect("settle");
        assert!(installed.status.success(), "{installed:?}");
        let extension = std::env::var_os(EXTENSION).expect("start this by `cargo xtask test`");
        Self::run(
            computer,
            script(computer, &profile).env(EXTENSION, extension),
        )
    }

    /// Another one on the same computer, which knows nothing of Settle, has learnt from the network that a
    /// name is at an address, and whose user clicks every warning away.
    ///
    /// # Panics
    /// When no browser is there.
    #[must_use]
    pub fn careless(computer: &Computer, name: &str, at: Ipv4Addr) -> Self {
        let profile = computer.home.path().join("careless");
        let mut script = script(computer, &profile);
        script
            .arg("--ignore-certificate-errors")
            .arg(format!("--host-resolver-rules=MAP {name} {at}"));
        Self::run(computer, &mut script)
    }

    fn run(computer: &Computer, script: &mut Command) -> Self {
        script.stdin(Stdio::piped()).stdout(Stdio::piped());
        script.stderr(computer.home.log("browser.log"));
        let mut process = computer.host.on(|| Running::start(script));
        let output = process.child().stdout.take().expect("a pipe");
        Self {
            wishes: process.child().stdin.take().expect("a pipe"),
            shown: Lines::of(output),
            _process: process,
        }
    }

    /// Goes to `https://printer.local`, gives the picture of the device's code, trusts it, and is led to
    /// its page.
    pub fn pair(&mut self, device: &Appliance) -> Shown {
        self.wish(&json!({ "pair": device.picture() }))
    }

    /// Opens an address.
    pub fn arrive(&mut self, address: &str) -> Shown {
        self.wish(&json!({ "arrive": address }))
    }

    /// Opens an address to which the way is blocked.
    pub fn meet_blocked_page(&mut self, address: &str) -> Shown {
        self.wish(&json!({ "blocked": address }))
    }

    fn wish(&mut self, wish: &Value) -> Shown {
        writeln!(self.wishes, "{wish}").expect("the browser's script");
        let shown = self.shown.wait_for("page", |_| true);
        serde_json::from_value(shown).expect("what a tab shows")
    }
}

fn script(computer: &Computer, profile: &Path) -> Command {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../playwright");
    let chromium = std::env::var_os("SETTLE_CHROMIUM").expect("start this by `cargo xtask test`");
    let mut script = computer.home.command_of(Path::new("node"));
    script.arg(folder.join("lab.js"));
    script.env("SETTLE_PROFILE", profile);
    script.env("SETTLE_CHROMIUM", chromium);
    script
}
