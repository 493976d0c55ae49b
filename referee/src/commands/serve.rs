//! `serve`: runs the referee, and shows what happens.

use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use settle_device::ui::{self, Format};
use settle_device::{Event, Label, listen_address};
use settle_referee::{Referee, Settings};
use tokio::signal::unix::{SignalKind, signal};

use crate::Which;

#[derive(Args)]
pub(crate) struct Serve {
    /// The referee's name: `referee` becomes referee.local.
    #[arg(long, value_name = "LABEL", default_value = "referee", value_parser = Label::parse)]
    name: Label,
    /// Where it is paired with, and administered by who is paired.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:8443", value_parser = listen_address)]
    listen: SocketAddr,
    /// Keep a picture of the current code here (PNG).
    #[arg(long, value_name = "FILE")]
    qr_file: Option<PathBuf>,
    /// Do not announce the referee on the local network.
    #[arg(long)]
    no_announce: bool,
    /// Where servers ask for certificates, by ACME or EST.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "[::]:14000", value_parser = listen_address)]
    acme: SocketAddr,
    /// Where lists of revoked certificates are to be had, over HTTP; certificates name the place then.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen_address)]
    lists: Option<SocketAddr>,
    /// Where counters are to be had for Prometheus, without TLS: an address of this machine alone.
    #[arg(long, value_name = "ADDRESS:PORT", value_parser = listen_address)]
    metrics: Option<SocketAddr>,
    /// Answer at /captive-portal/api (RFC 8908) that the network's page is this one: that of the referee, say.
    #[arg(long, value_name = "URL", value_parser = page)]
    portal: Option<String>,
    #[command(flatten)]
    which: Which,
}

/// RFC 8908 §5: pages are had over TLS.
fn page(text: &str) -> Result<String, String> {
    let uri: http::Uri = text.parse().map_err(|_| "this is no address")?;
    match uri.scheme_str() == Some("https") {
        true => Ok(text.to_owned()),
        false => Err("the address of a page begins with https://".to_owned()),
    }
}

/// Runs until it is told to stop.
pub(crate) fn serve(serve: Serve) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(serve))
}

async fn run(serve: Serve) -> anyhow::Result<()> {
    let format = match serve.which.json {
        true => Format::Json,
        false if io::stdout().is_terminal() => Format::Terminal,
        false => Format::Plain,
    };
    let settings = Settings {
        acme: serve.acme,
        lists: serve.lists,
        metrics: serve.metrics,
        portal: serve.portal,
        database: serve.which.database.clone(),
        label: serve.name,
        state: serve.which.state()?,
        listen: serve.listen,
        announce: !serve.no_announce,
        qr_file: serve.qr_file,
    };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let referee = Referee::open(settings, move |event| show(format, &event)).await?;
    say(format, "acme", "directory", referee.directory())?;
    if let Some(address) = referee.metrics() {
        let address = format!("http://{address}/metrics");
        say(format, "metrics", "address", &address)?;
    }
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(referee.serve(stop).await?)
}

/// What there is to tell that no device has.
fn say(format: Format, event: &str, what: &str, address: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match format {
        Format::Json => writeln!(output, "{}", json!({"event": event, what: address})),
        Format::Terminal | Format::Plain => writeln!(output, "{event} {what}: {address}"),
    }
}

/// A referee serves on when nobody reads what it says.
fn show(format: Format, event: &Event) {
    if let Err(error) = ui::write(&mut io::stdout().lock(), format, event) {
        tracing::warn!(%error, "an event cannot be shown");
    }
}
