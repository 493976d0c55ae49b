//! `settle-referee`: the command line of a referee. Arguments, environment and terminal are here; everything else
//! is the library's.

mod commands;

use std::env;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use commands::authority::{self, Renew, Sealed};
use commands::issued::{self, EndAccount, Revoke};
use commands::names::{self, Authorize, Withdraw};
use commands::serve::Serve;

const LOG_VARIABLE: &str = "SETTLE_LOG";

/// A local certificate authority, which the browsers of a house trust at home and nowhere else.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the authority: its root, whose key is sealed with a passphrase, and the first intermediate.
    Init(Sealed),
    /// Make a new intermediate, in the place of the one that is at work. It lives 90 days.
    Intermediate(Renew),
    /// Make a new root, to which paired computers follow by themselves, and an intermediate below it.
    Rollover(Sealed),
    /// Run the referee: issue to servers, and show a code to pair with.
    Serve(Serve),
    /// Say what the authority is.
    Authority(Which),
    /// Say who may have a name, and print what to give that server's client of ACME or EST.
    Authorize(Authorize),
    /// List the names, and who may have them.
    Names(Which),
    /// Take a name back. What was issued for it stays good to its end, unless it is revoked.
    Withdraw(Withdraw),
    /// List the accounts of servers.
    Accounts(Which),
    /// End an account: it gets nothing any more. What was issued to it stays good to its end, unless it is revoked.
    EndAccount(EndAccount),
    /// List the certificates that have not ended.
    Certificates(Which),
    /// Revoke a certificate, by its serial number.
    Revoke(Revoke),
    /// Show what was granted, refused, issued and revoked, the newest first.
    Audit(Which),
}

/// Which referee is meant.
#[derive(Args)]
struct Which {
    /// The directory of the referee [default: settle-referee in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Write one JSON object to the standard output.
    #[arg(long)]
    json: bool,
    /// The database, if not one in the directory: postgres://USER@HOST/NAME, which several referees may share.
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Which {
    /// XDG Base Directory Specification: a relative path in the variable is to be ignored.
    fn state(&self) -> anyhow::Result<PathBuf> {
        let absolute = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let default = || {
            let state = absolute("XDG_STATE_HOME");
            let state = state.or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
            state.map(|state| state.join("settle-referee"))
        };
        let state = self.state.clone().or_else(default);
        state.ok_or_else(|| anyhow::anyhow!("neither XDG_STATE_HOME nor HOME is set: give --state"))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    keep_memory();
    let ended = match arguments.command {
        Command::Init(sealed) => authority::init(&sealed),
        Command::Intermediate(renew) => authority::intermediate(&renew),
        Command::Rollover(sealed) => authority::rollover(&sealed),
        Command::Serve(serve) => commands::serve::serve(serve),
        Command::Authority(which) => authority::show(&which),
        Command::Authorize(authorize) => names::authorize(&authorize),
        Command::Names(which) => names::names(&which),
        Command::Withdraw(withdraw) => names::withdraw(&withdraw),
        Command::Accounts(which) => issued::accounts(&which),
        Command::EndAccount(end) => issued::end_account(&end),
        Command::Certificates(which) => issued::certificates(&which),
        Command::Revoke(revoke) => issued::revoke(&revoke),
        Command::Audit(which) => issued::audit(&which),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even this cannot be written, the exit code is left to tell.
            drop(writeln!(io::stderr(), "settle-referee: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// There are keys in it: no crash writes it to a file, and no other program of the user reads it.
fn keep_memory() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "a crash of this program may leave keys in a core file");
    }
}

/// `SETTLE_LOG` sets the level of Settle's own lines; those of other crates stay at warnings.
fn start_log() {
    let asked = env::var(LOG_VARIABLE).ok();
    let level = asked
        .and_then(|level| level.parse().ok())
        .unwrap_or(LevelFilter::INFO);
    let own = [
        "settle_referee",
        "settle_device",
        "settle_protocol",
        "settle_transport",
    ];
    let own = own.map(|name| format!(",{name}={level}")).concat();
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("warn{own}")))
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}
