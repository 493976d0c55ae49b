//! `cargo xtask package`: what is given to the stores and to those who install the host, the same bytes from the same
//! commit wherever it is built: a zip of the extension for each store, the sources for their reviewers, an archive of
//! the programs, the bill of materials, and the digests of all.

mod archive;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::{bundle, process, sbom, setup};

/// What to make.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The extension alone, without the programs
    #[arg(long)]
    extension: bool,
}

/// Makes everything in `target/package`.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    setup::wasm_target()?;
    setup::node_modules()?;
    let folder = process::target().join("package");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let version = version()?;
    let extensions = bundle::both()?;
    lint(&extensions.firefox)?;
    without_key(&extensions.chromium.join("manifest.json"))?;
    for (name, source) in [
        ("chromium", &extensions.chromium),
        ("firefox", &extensions.firefox),
    ] {
        archive::zip(source, &folder.join(format!("settle-{name}-{version}.zip")))?;
    }
    sources(
        &folder.join(format!("settle-sources-{version}.zip")),
        &version,
    )?;
    if !options.extension {
        programs(&folder, &version)?;
    }
    digests(&folder)
}

/// What the check of Firefox's store finds and why it stays (`docs/store/README.md`).
/// Each by its code and what it says.
const EXPLAINED: [(&str, &str); 4] = [
    ("KEY_FIREFOX_UNSUPPORTED_BY_MIN_VERSION", ""),
    ("KEY_FIREFOX_ANDROID_UNSUPPORTED_BY_MIN_VERSION", ""),
    ("UNSUPPORTED_API", "setExtensionActionOptions"),
    ("UNSUPPORTED_API", "getMatchedRules"),
];

/// The check that Firefox's store makes: no errors, and no warning that is not explained.
pub(crate) fn lint(extension: &Path) -> anyhow::Result<()> {
    let program = process::root().join("playwright/node_modules/.bin/web-ext");
    let report = process::command(program)
        .args([
            "lint",
            "--no-config-discovery",
            "--output",
            "json",
            "--source-dir",
        ])
        .arg(extension)
        .output()
        .context("web-ext")?;
    let report: Value = serde_json::from_slice(&report.stdout).context("what web-ext says")?;
    let found = |kind: &str| -> Vec<Value> {
        report
            .get(kind)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default()
    };
    let is_explained = |finding: &Value| {
        let text = |member| {
            finding
                .get(member)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (code, message) = (text("code"), text("message"));
        let mut explained = EXPLAINED.iter();
        explained.any(|(known, part)| code == *known && message.contains(part))
    };
    let mut findings = [found("errors"), found("warnings"), found("notices")].concat();
    let before = findings.len();
    findings.retain(|finding| !is_explained(finding));
    if !findings.is_empty() {
        bail!(
            "web-ext lint finds: {}",
            serde_json::to_string_pretty(&findings)?
        );
    }
    eprintln!("web-ext lint: no errors, {before} warnings, all explained");
    Ok(())
}

/// The store gives the extension a key, and takes none.
fn without_key(manifest: &Path) -> anyhow::Result<()> {
    let mut value: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
    let keys = value.as_object_mut().context("the manifest is no object")?;
    keys.remove("key");
    Ok(fs::write(manifest, serde_json::to_string_pretty(&value)?)?)
}

/// What reviewers build the extension from: the commit as it is.
fn sources(file: &Path, version: &str) -> anyhow::Result<()> {
    let status = process::output(process::command("git").args(["status", "--porcelain"]))
        .context("the sources are packed out of a clone by git")?;
    if !status.is_empty() {
        eprintln!("what is not committed is not in the sources");
    }
    let prefix = format!("--prefix=settle-{version}/");
    let mut git = process::command("git");
    git.args(["archive", "--format=zip", &prefix, "-o"]);
    // The times in a zip are those of where one is.
    process::run(git.arg(file).arg("HEAD").env("TZ", "UTC"))
}

const PROGRAMS: [&str; 3] = ["settle", "settle-device", "settle-referee"];
const PAPERS: [&str; 4] = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "SECURITY.md",
    "docs/installing.md",
];

/// The programs for this kind of computer, and what explains them.
fn programs(folder: &Path, version: &str) -> anyhow::Result<()> {
    let mut build = process::cargo(&["build", "--locked", "--release"]);
    for program in PROGRAMS {
        build.args(["--package", program]);
    }
    build.env(
        "CARGO_ENCODED_RUSTFLAGS",
        bundle::without_paths()?.join("\u{1f}"),
    );
    // Another target directory: other flags would have everything built anew, here and at the next test.
    build.env("CARGO_TARGET_DIR", process::target().join("package-build"));
    process::run(&mut build)?;
    let built = process::target().join("package-build/release");
    let host = process::output(process::command("rustc").args(["--print", "host-tuple"]))?;
    let name = format!("settle-{version}-{}", host.trim());
    let root = process::root();
    let files: Vec<(PathBuf, u32)> = (PROGRAMS.iter().map(|program| (built.join(program), 0o755)))
        .chain(PAPERS.iter().map(|paper| (root.join(paper), 0o644)))
        .collect();
    sbom::write(&folder.join(format!("{name}.cdx.json")))?;
    archive::tar_gz(&name, &files, &folder.join(format!("{name}.tar.gz")))
}

fn version() -> anyhow::Result<String> {
    let manifest = process::root().join("manifest/extension/firefox.json");
    let manifest: Value = serde_json::from_str(&fs::read_to_string(manifest)?)?;
    let version = manifest.get("version").and_then(Value::as_str);
    Ok(version.context("the manifest has no version")?.to_owned())
}

/// Writes and prints the digests, as `sha256sum --check` reads them.
fn digests(folder: &Path) -> anyhow::Result<()> {
    let mut names: Vec<_> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<anyhow::Result<_>>()?;
    names.sort();
    let sums = process::output(
        process::command("sha256sum")
            .current_dir(folder)
            .args(names),
    )?;
    print!("{sums}");
    Ok(fs::write(folder.join("SHA256SUMS"), sums)?)
}
