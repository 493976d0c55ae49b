//! `completions` and `man`: what a package puts beside the program.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Arguments, CommandError, Outcome, Terminal};

pub(super) fn completions(
    shell: Shell,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    // Written to memory first: the generator panics where its writer fails.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "settle", &mut text);
    terminal.output.write_all(&text)?;
    Ok(Outcome::Done)
}

pub(super) fn manual(
    directory: &Path,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let write = || -> io::Result<()> {
        std::fs::create_dir_all(directory)?;
        clap_mangen::generate_to(Arguments::command(), directory)
    };
    write().map_err(|error| CommandError::File {
        path: directory.to_owned(),
        error,
    })?;
    terminal.say(format_args!("Written to {}.", directory.display()))?;
    Ok(Outcome::Done)
}
