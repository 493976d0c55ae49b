//! Puts the extension together: hand-written files, the manifest, and the two wasm modules with
//! the glue and the types that `wasm-bindgen` makes for them (in `extension/pkg`).

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context as _, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::process;

/// The crates that become wasm modules, as packages and as files, and how many bytes each may have with gzip: the
/// first one is parsed at each start of the background and of a page.
const MODULES: [(&str, &str, usize); 2] = [
    ("settle-wasm", "settle_wasm", 350_000),
    ("settle-picture", "settle_picture", 240_000),
];
const TRIPLE: &str = "wasm32-unknown-unknown";

/// The extension of each browser, unpacked.
#[derive(Debug)]
pub(crate) struct Extensions {
    pub(crate) chromium: PathBuf,
    pub(crate) firefox: PathBuf,
}

/// Builds the extension for both browsers, which differs in the manifest alone.
pub(crate) fn both() -> anyhow::Result<Extensions> {
    eprintln!("== bundle: the extension");
    let mut build = process::cargo(&["build", "--locked", "--profile", "wasm"]);
    build.args(["--target", TRIPLE]);
    build.env("CARGO_ENCODED_RUSTFLAGS", flags()?.join("\u{1f}"));
    for (package, ..) in MODULES {
        build.args(["--package", package]);
    }
    process::run(&mut build)?;
    let source = process::root().join("extension");
    for (_, module, _) in MODULES {
        let wasm = process::target().join(TRIPLE).join("wasm");
        let wasm = wasm.join(module).with_extension("wasm");
        Bindgen::new()
            .input_path(&wasm)
            .web(true)?
            .typescript(true)
            .omit_default_module_path(false)
            .remove_name_section(true)
            .remove_producers_section(true)
            .generate(source.join("pkg"))
            .with_context(|| format!("wasm-bindgen on {}", wasm.display()))?;
        let made = built(module);
        let (raw, packed) = (fs::metadata(&made)?.len(), packed(&made)?);
        eprintln!("{module}: {raw} bytes, {packed} with gzip");
    }
    Ok(Extensions {
        chromium: for_browser("chromium")?,
        firefox: for_browser("firefox")?,
    })
}

/// Sixteen pixels at once, which every browser can whose extensions have what ours needs.
fn flags() -> anyhow::Result<Vec<String>> {
    let mut flags = without_paths()?;
    flags.push("-Ctarget-feature=+simd128".to_owned());
    Ok(flags)
}

/// No paths of this machine in what panics say, so that the same bytes come out elsewhere.
pub(crate) fn without_paths() -> anyhow::Result<Vec<String>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let home = home.context("no folder of cargo's")?;
    let renamed = [(process::root(), "/settle"), (home, "/cargo")];
    let flags =
        renamed.map(|(path, name)| format!("--remap-path-prefix={}={name}", path.display()));
    Ok(flags.into())
}

fn for_browser(name: &str) -> anyhow::Result<PathBuf> {
    let folder = process::target().join("extension").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    copy_folder(&process::root().join("extension"), &folder)?;
    let manifest = process::root().join(format!("manifest/extension/{name}.json"));
    fs::copy(manifest, folder.join("manifest.json")).context("the extension's manifest")?;
    Ok(folder)
}

/// Copies folders and files; types are for checking only.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if !entry.file_name().to_string_lossy().ends_with(".d.ts") {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Insists that no module of the last bundle has outgrown what it may have.
pub(crate) fn is_small() -> anyhow::Result<()> {
    for (_, module, most) in MODULES {
        let packed = packed(&built(module))?;
        ensure!(
            (1..=most).contains(&packed),
            "{module}: {packed} bytes with gzip, and {most} at most"
        );
    }
    Ok(())
}

fn built(module: &str) -> PathBuf {
    let file = format!("extension/pkg/{module}_bg.wasm");
    process::root().join(file)
}

fn packed(file: &Path) -> anyhow::Result<usize> {
    let packed = Command::new("gzip").args(["-9", "-c"]).arg(file).output()?;
    Ok(packed.stdout.len())
}
