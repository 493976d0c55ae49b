//! Measures the real binaries, as they are shipped. What is measured is in the modules, how it is
//! told in `row`. Run by `cargo xtask bench`, which builds and isolates them.
#![expect(
    clippy::print_stdout,
    reason = "a measurement is told on the standard output"
)]

mod device;
mod messaging;
mod pairing;
mod pake;
mod privacy;
mod proxy;
mod qr;
mod referee;
mod row;
mod soak;
mod steps;
mod store;

use clap::{Parser, ValueEnum};

#[derive(Parser)]
struct Arguments {
    /// What to measure
    bench: Bench,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
    /// How long the house of `soak` is at work
    #[arg(long, default_value_t = 5)]
    minutes: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Bench {
    /// A device at rest: its start and its memory
    Device,
    /// From the browser's pipe to the daemon and back
    Messaging,
    /// From a code to a decision, and to a pairing
    Pairing,
    /// Whether a listener can follow a portable device
    Privacy,
    /// The verifying proxy beside nginx and mitmproxy
    Proxy,
    /// The extension's reader of QR codes beside those of others
    Qr,
    /// The referee beside pebble, and with ten thousand certificates in its store
    Referee,
    /// Many devices and attackers for minutes
    Soak,
    /// The trust store with ten thousand anchors
    Store,
    /// A part of `store`
    #[value(hide = true)]
    StoreInside,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let rows = match arguments.bench {
        Bench::Proxy => proxy::measure()?,
        Bench::Qr => qr::measure()?,
        Bench::Referee => referee::measure()?,
        Bench::Store => store::measure()?,
        Bench::StoreInside => {
            println!("{}", store::measure_inside()?);
            return Ok(());
        }
        Bench::Device => device::measure()?,
        Bench::Soak => return soak::measure(arguments.minutes, arguments.json),
        Bench::Privacy => return tell(&privacy::measure()?, arguments.json),
        Bench::Messaging => messaging::measure(),
        Bench::Pairing => [pairing::measure()?, steps::measure()?, pake::measure()?].concat(),
    };
    if !arguments.json {
        println!("{}", row::HEADING);
    }
    for row in &rows {
        if arguments.json {
            println!("{}", serde_json::to_string(row)?);
        } else {
            println!("{}", row.line());
        }
    }
    Ok(())
}

fn tell(measured: &privacy::Measured, json: bool) -> anyhow::Result<()> {
    if json {
        for finding in &measured.findings {
            println!("{}", serde_json::to_string(finding)?);
        }
        println!("{}", serde_json::to_string(&measured.wire)?);
        return Ok(());
    }
    println!("{}", privacy::HEADING);
    for finding in &measured.findings {
        println!("{}", finding.line());
    }
    println!("{:?}", measured.wire);
    Ok(())
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
