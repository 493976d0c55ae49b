//! Writes a film of a code as a camera would see it, for browsers that are to believe that they have
//! one: `settle-film FILE`, with the code's text on the standard input.

use std::fs::File;
use std::io::{self, BufWriter};

use anyhow::Context as _;
use settle_tests::film::{self, Fault, Frame};

/// Of one second, over and over.
const FRAMES: u64 = 10;

fn main() -> anyhow::Result<()> {
    let file = std::env::args_os()
        .nth(1)
        .context("give a file to write to")?;
    let text = io::read_to_string(io::stdin())?.trim().to_owned();
    let faults = [Fault::Clear, Fault::Perspective, Fault::Noise];
    let frames: Vec<Frame> = (0..FRAMES)
        .zip(faults.into_iter().cycle())
        .map(|(seed, fault)| Frame::of(std::slice::from_ref(&text), fault, seed))
        .collect();
    film::write(BufWriter::new(File::create(file)?), &frames)?;
    Ok(())
}
