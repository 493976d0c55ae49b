//! The project's tasks, run as `cargo xtask TASK`. It builds and starts the other crates of the
//! workspace as programs and depends on none of them.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a task tells its steps on the terminal"
)]

mod bench;
mod bundle;
mod capture;
mod demo;
mod dns;
mod fuzz;
mod model;
mod package;
mod process;
mod record;
mod requirements;
mod resolver;
mod sandbox;
mod sbom;
mod setup;
mod shots;
mod soak;
mod test;
mod vectors;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of the Settle project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Installs or names what is missing on this machine
    Setup,
    /// Builds the extension into target/extension/chromium
    Bundle,
    /// Pairs a device by its QR code in a real browser and opens its page
    Demo(demo::Options),
    /// Runs every check there is
    Test(test::Options),
    /// Looks for bytes that break the parsers of what peers give
    Fuzz(fuzz::Options),
    /// Looks for attacks on the model of pairing
    Model(model::Options),
    /// Holds docs/requirements.md against the tests that ran
    Requirements,
    /// Writes the published test vectors of the protocol anew
    Vectors,
    /// Measures the real binaries
    Bench(bench::Options),
    /// Lets a house with many devices and attackers work for minutes
    Soak(soak::Options),
    /// Makes what is given to stores and to users, in target/package
    Package(package::Options),
    /// Writes the bill of materials of what is given to users, in target/sbom
    Sbom,
    /// Takes pictures of every page and state of the extension, in target/shots
    Shots,
    /// Runs a program inside the private network, once this process is in it
    #[command(hide = true)]
    Inside {
        /// The program and its arguments
        #[arg(trailing_var_arg = true, required = true)]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Setup => setup::everything(),
        Task::Bundle => setup::wasm_target().and_then(|()| bundle::both().map(drop)),
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Model(options) => model::run(options.sessions),
        Task::Requirements => requirements::run(),
        Task::Vectors => vectors::write(),
        Task::Bench(options) => bench::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Package(options) => package::run(&options),
        Task::Sbom => sbom::run(),
        Task::Shots => shots::run(),
        Task::Inside { command } => sandbox::run_inside(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
