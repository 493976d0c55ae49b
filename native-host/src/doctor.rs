//! Checks each link of the chain from a browser to a device by using it, and names the one next
//! step for what is broken. It changes nothing, but that the host it starts may start the daemon.

mod daemon;
mod host;
mod proxy;
mod running;
mod stores;

use serde::Serialize;
use settle_protocol::rpc::{BridgeCertificate, Call, Devices};

use crate::client::Client;
use crate::install::authorities::Authorities;
use crate::install::nss::Store;
use crate::install::policies::Policies;
use crate::install::{Installed, browsers};
use crate::paths::Paths;

const INSTALL: &str = "run: settle install";

/// How a link was found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It works.
    Good,
    /// It does not.
    Wrong,
    /// Not looked at, because a link before it is broken.
    Unchecked,
}

/// One link of the chain.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What was checked.
    pub what: String,
    /// How it was found.
    pub state: State,
    /// What is wrong with it, or why it was not checked; nothing when all is well.
    pub problem: Option<String>,
    /// What to do about it.
    pub next: Option<String>,
}

impl Check {
    fn new(what: impl Into<String>, found: Result<(), String>, next: &str) -> Self {
        let problem = found.err();
        Self {
            what: what.into(),
            state: problem.as_ref().map_or(State::Good, |_| State::Wrong),
            next: problem.is_some().then(|| next.to_owned()),
            problem,
        }
    }

    fn unchecked(what: impl Into<String>, because: &str) -> Self {
        Self {
            what: what.into(),
            state: State::Unchecked,
            problem: Some(format!("not checked, because {because}")),
            next: None,
        }
    }

    /// Whether all is well.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.state == State::Good
    }
}

/// What a look at the whole chain found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Whether all links are good.
    pub well: bool,
    /// The links, from the browser to the devices.
    pub checks: Vec<Check>,
    /// The one next step: that of the first link that is broken.
    pub next: Option<String>,
}

/// Runs all checks, in the order of the chain.
#[must_use]
pub fn examine(paths: &Paths) -> Report {
    let checks = chain(paths);
    let first = checks.iter().find(|check| check.state == State::Wrong);
    Report {
        well: checks.iter().all(Check::is_good),
        next: first.and_then(|check| check.next.clone()),
        checks,
    }
}

fn chain(paths: &Paths) -> Vec<Check> {
    let installed = match Installed::load(paths) {
        Ok(installed) => installed,
        Err(error) => {
            let next = format!(
                "remove {} and run: settle install",
                paths.data.join("installed.json").display()
            );
            return vec![Check::new("installation", Err(error.to_string()), &next)];
        }
    };
    let mut checks = Vec::new();
    if installed.manifests.is_empty() {
        let nothing = Err("Settle is installed for no browser".to_owned());
        checks.push(Check::new("installation", nothing, INSTALL));
    }
    let mut answered = None;
    for path in &installed.manifests {
        let asked = host::ask(path);
        let what = format!("{} starts the host", browsers::name_of(path, paths));
        let next = asked.as_ref().err().map_or("", host::HostError::next);
        let problem = asked.as_ref().map(drop).map_err(ToString::to_string);
        checks.push(Check::new(what, problem, next));
        if let Ok(Err(refused)) = asked {
            answered.get_or_insert(refused);
        }
    }
    let what = "daemon, keyring and trust store";
    match daemon::ask(paths, answered.as_ref()) {
        Ok(daemon) => {
            checks.push(Check::new(what, Ok(()), ""));
            checks.extend(behind_the_daemon(daemon, &installed, paths));
        }
        Err(check) => {
            checks.push(Check {
                what: what.to_owned(),
                ..check
            });
            for what in ["verifying proxy", "certificate stores", "trusted devices"] {
                checks.push(Check::unchecked(
                    what,
                    "the daemon does not answer as it should",
                ));
            }
        }
    }
    checks
}

fn behind_the_daemon(mut daemon: Client, installed: &Installed, paths: &Paths) -> Vec<Check> {
    let certificate = daemon.call::<BridgeCertificate>(Call::BridgeCertificate {});
    let mut checks = Vec::new();
    match certificate {
        Ok(certificate) => {
            let server = proxy::ask(&daemon.welcome.proxy, &certificate);
            let problem = server.as_ref().map(drop).map_err(ToString::to_string);
            let next = format!("read the end of {}", paths.log().display());
            checks.push(Check::new("verifying proxy", problem, &next));
            let policy = policies(&certificate, installed, paths);
            // What a policy says is in no store, or in a form of Firefox's own that older NSS
            // does not read. One that has to be renewed is told below.
            let by_policy = policy.is_some();
            let asked = |store: &Store| !by_policy || installed.databases.contains(&store.database);
            let server = server.ok();
            match Authorities::of(&certificate) {
                Ok(wanted) => {
                    checks.extend(stores::check(&wanted, server.as_deref(), asked, paths));
                    checks.extend(running::check(&wanted, installed, paths));
                }
                Err(error) => {
                    let next = format!("read the end of {}", paths.log().display());
                    checks.push(Check::new(
                        "certificate stores",
                        Err(error.to_string()),
                        &next,
                    ));
                }
            }
            checks.extend(policy);
        }
        Err(error) => {
            // It was destroyed by `uninstall`, and the next daemon makes another.
            let next = "run: settle install";
            let what = "bridge authority";
            checks.push(Check::new(what, Err(error.to_string()), next));
        }
    }
    checks.push(devices(&mut daemon, paths));
    checks
}

/// Reads the policies back, if this user has asked for them: another one's are none of ours.
fn policies(
    certificate: &BridgeCertificate,
    installed: &Installed,
    paths: &Paths,
) -> Option<Check> {
    const NEXT: &str = "run: settle install --system";
    let policies = Policies::of(paths);
    let is_root = rustix::process::geteuid().is_root();
    if !policies.are_installed() || (installed.handed_over.is_empty() && !is_root) {
        return None;
    }
    let found = policies
        .standings(certificate)
        .map_err(|error| error.to_string());
    let found = found.and_then(|standings| {
        let wrong = standings.into_iter().find_map(|standing| {
            let path = standing.path.display();
            standing.problem.map(|problem| format!("{path}: {problem}"))
        });
        wrong.map_or(Ok(()), Err)
    });
    Some(Check::new("policies for all users", found, NEXT))
}

fn devices(daemon: &mut Client, paths: &Paths) -> Check {
    let found = daemon.call::<Devices>(Call::ListDevices {});
    let what = match found.as_ref().map(|found| found.devices.len()) {
        Ok(1) => "1 trusted device".to_owned(),
        Ok(count) => format!("{count} trusted devices"),
        Err(_) => "trusted devices".to_owned(),
    };
    let next = format!("read the end of {}", paths.log().display());
    Check::new(
        what,
        found.map(drop).map_err(|error| error.to_string()),
        &next,
    )
}
