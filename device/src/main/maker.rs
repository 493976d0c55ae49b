//! `settle-device maker`: its arguments, and what they are handed to.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, Subcommand, ValueEnum};
use settle_device::maker::{Maker, VoucherForm, write_file};
use settle_protocol::maker::{MakerName, SerialNumber};
use settle_protocol::name::Label;

use super::state_of;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Subcommand)]
pub(super) enum Command {
    /// Make the maker's keys and certificates, in a new directory.
    Ca(Ca),
    /// Issue a device its certificate for a serial number, and put it into the device's state.
    Device(Issue),
    /// State which root key and name a device has, and put that voucher into the device's state.
    Voucher(Vouch),
}

#[derive(Args)]
pub(super) struct Ca {
    /// The maker's name, as its certificates have it.
    #[arg(long, value_parser = MakerName::parse)]
    name: MakerName,
    /// The directory, which must not be there yet.
    #[arg(long, value_name = "DIR")]
    directory: PathBuf,
}

/// A device that is not running.
#[derive(Args)]
struct Target {
    /// The maker's directory.
    #[arg(long, value_name = "DIR")]
    maker: PathBuf,
    /// The device's name: `printer` becomes printer.local.
    #[arg(long, value_name = "LABEL", value_parser = Label::parse)]
    name: Label,
    /// The device's directory [default: settle-device/LABEL in the user's state].
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Issue {
    #[command(flatten)]
    target: Target,
    /// The device's serial number.
    #[arg(long, value_name = "NUMBER", value_parser = SerialNumber::parse)]
    serial_number: SerialNumber,
}

#[derive(Args)]
pub(super) struct Vouch {
    #[command(flatten)]
    target: Target,
    /// CMS, as RFC 8366 has it, or JWS.
    #[arg(long, value_enum, default_value_t = Form::Cms)]
    form: Form,
    /// End it after so many days; without, it has no end.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Write the voucher here too; the file must not be there yet.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Cms,
    Jws,
}

pub(super) fn run(command: Command) -> anyhow::Result<()> {
    let now = SystemTime::now();
    match command {
        Command::Ca(Ca { name, directory }) => {
            Maker::make(&directory, &name, now)?;
        }
        Command::Device(Issue {
            target,
            serial_number,
        }) => {
            let state = state_of(target.state, Some(&target.name))?;
            Maker::open(&target.maker)?.issue(&state, &target.name, &serial_number, now)?;
        }
        Command::Voucher(Vouch {
            target,
            form,
            days,
            file,
        }) => {
            let state = state_of(target.state, Some(&target.name))?;
            let form = match form {
                Form::Cms => VoucherForm::Cms,
                Form::Jws => VoucherForm::Jws,
            };
            let life = days.map(|days| DAY * days);
            let maker = Maker::open(&target.maker)?;
            let voucher = maker.vouch(&state, &target.name, form, life, now)?;
            if let Some(file) = file {
                write_file(&file, &voucher)?;
            }
        }
    }
    Ok(())
}
