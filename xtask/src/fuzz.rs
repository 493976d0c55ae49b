//! `cargo xtask fuzz`: lets libFuzzer look for bytes that break what `settle-fuzz` promises, on a copy
//! of each corpus, so that the tree stays as it is.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::{process, setup};

/// How long, and what.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// For each target
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// One target only
    #[arg(long)]
    only: Option<String>,
    /// Keep in the tree the inputs that reach the most
    #[arg(long)]
    keep: bool,
}

/// The toolchain whose compiler can instrument.
const NIGHTLY: &str = "nightly";
const TRIPLE: &str = "x86_64-unknown-linux-gnu";
/// The tree is no place for thousands of files.
const MAX_KEPT: usize = 20;
const MAX_MEMORY_MB: usize = 1024;

/// Builds the targets, and runs them one after the other.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let program = setup::cargo_fuzz(NIGHTLY)?;
    let targets: Vec<String> = targets()?
        .into_iter()
        .filter(|target| options.only.as_ref().is_none_or(|only| only == target))
        .collect();
    if targets.is_empty() {
        bail!("no such target: the files in fuzz/fuzz_targets name them");
    }
    let mut build = cargo_fuzz(&program, "build");
    if let Some(only) = &options.only {
        build.arg(only);
    }
    process::run(&mut build)?;
    let mut findings = Vec::new();
    for target in &targets {
        findings.extend(fuzz(target, options)?);
    }
    if findings.is_empty() {
        return Ok(());
    }
    bail!(
        "findings; these commands show them again:\n  {}",
        findings.join("\n  ")
    );
}

/// What a peer can give at most, and a little more; beyond that there is only the answer that it is
/// too long.
fn max_length(target: &str) -> usize {
    match target {
        "name" => 300,
        "announced" => 1024,
        "code" | "material" => 2100,
        // Pairing frames are capped at 16 KiB.
        _ => 17 * 1024,
    }
}

fn cargo_fuzz(program: &Path, task: &str) -> Command {
    let mut command = process::command(program);
    command
        .args([task, "--fuzz-dir", "fuzz", "--features", "libfuzzer"])
        .arg("--target-dir")
        .arg(folder())
        .env("RUSTUP_TOOLCHAIN", NIGHTLY)
        // What cargo set for this task names the stable toolchain.
        .env_remove("CARGO")
        .env_remove("RUSTC");
    command
}

/// Where everything of this goes that is not in the tree.
fn folder() -> PathBuf {
    process::target().join("fuzz")
}

fn targets() -> anyhow::Result<Vec<String>> {
    let folder = process::root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for file in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = file?.path();
        if let Some(name) = path.file_stem() {
            names.push(name.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Runs one target and says how it went; the command that shows a finding again.
fn fuzz(target: &str, options: &Options) -> anyhow::Result<Option<String>> {
    let kept = process::root().join("fuzz/corpus").join(target);
    let grown = folder().join("corpus").join(target);
    let artifacts = folder().join("findings").join(target);
    for folder in [&kept, &grown, &artifacts] {
        fs::create_dir_all(folder)?;
    }
    let output = libfuzzer(target)
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-max_len={}", max_length(target)))
        .arg(format!("-rss_limit_mb={MAX_MEMORY_MB}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-print_final_stats=1"])
        .args([&grown, &kept])
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("{target} cannot be started"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    let found = !output.status.success();
    println!("{}", summary(target, &log, found));
    if !found {
        if options.keep {
            keep(target, &grown, &kept)?;
        }
        return Ok(None);
    }
    eprintln!("{log}");
    let input = log.lines().find_map(|line| {
        let (_, file) = line.split_once("Test unit written to ")?;
        Some(file)
    });
    let program = program(target);
    Ok(Some(format!(
        "{} {}",
        program.display(),
        input.unwrap_or("(no input was written: see above)")
    )))
}

fn summary(target: &str, log: &str, found: bool) -> String {
    let statistic = |name: &str| {
        let line = log.lines().find_map(|line| line.strip_prefix(name));
        line.map_or("?", |value| value.trim_matches([':', ' ']))
    };
    // "corp: 20/3Kb": how many inputs reach something of their own, and how long they are together.
    let corpus = log.lines().rev().find_map(|line| {
        let (_, behind) = line.split_once(" corp: ")?;
        behind.split(' ').next()
    });
    format!(
        "{target:<12} {:>10} runs {:>8} a second {:>6} MB {:>12} corpus  {}",
        statistic("stat::number_of_executed_units"),
        statistic("stat::average_exec_per_sec"),
        statistic("stat::peak_rss_mb"),
        corpus.unwrap_or("?"),
        if found { "FINDING" } else { "no finding" },
    )
}

/// Keeps the seeds, which are named so, and beside them those inputs that each reach the most of what
/// the others do not.
fn keep(target: &str, grown: &Path, kept: &Path) -> anyhow::Result<()> {
    let merged = folder().join("merged").join(target);
    if merged.exists() {
        fs::remove_dir_all(&merged)?;
    }
    fs::create_dir_all(&merged)?;
    // What is reached counts, how often it is does not: a corpus for that would be large.
    let mut merge = libfuzzer(target);
    process::run(
        merge
            .args(["-set_cover_merge=1", "-use_counters=0"])
            .args([&merged, kept, grown])
            .stderr(Stdio::null()),
    )?;
    for file in fs::read_dir(kept)? {
        let file = file?;
        if !is_seed(&file.file_name()) {
            fs::remove_file(file.path())?;
        }
    }
    // The one that reaches the most is written first.
    let mut inputs = Vec::new();
    for file in fs::read_dir(&merged)? {
        let file = file?;
        inputs.push((file.metadata()?.modified()?, file.path(), file.file_name()));
    }
    inputs.sort();
    for (_, path, name) in inputs.into_iter().take(MAX_KEPT) {
        fs::copy(path, kept.join(name))?;
    }
    Ok(())
}

fn is_seed(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with("seed-")
}

fn libfuzzer(target: &str) -> Command {
    process::command(program(target))
}

fn program(target: &str) -> PathBuf {
    folder().join(TRIPLE).join("release").join(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_what_libfuzzer_says() {
        let log = "#2\tINITED cov: 5 ft: 6 corp: 2/9b exec/s: 0 rss: 30Mb\n\
                   #900\tDONE   cov: 7 ft: 9 corp: 20/3Kb lim: 8 exec/s: 450 rss: 31Mb\n\
                   stat::number_of_executed_units: 900\n\
                   stat::average_exec_per_sec:     450\n\
                   stat::peak_rss_mb:              31\n";
        let line = summary("name", log, false);
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = "name 900 runs 450 a second 31 MB 20/3Kb corpus no finding";
        assert_eq!(words, expected.split(' ').collect::<Vec<_>>());
        assert!(summary("name", "", true).ends_with("FINDING"));
    }
}
