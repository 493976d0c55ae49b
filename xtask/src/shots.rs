//! `cargo xtask shots`: pictures of every page and state of the extension, in light, dark, narrow and high contrast, made
//! by the browser tests on their way, and one page that shows them all.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::bail;

use crate::{process, test};

/// The tests that look at pages.
const LOOKING: &[&str] = &[
    "administered",
    "asked",
    "blocked",
    "camera",
    "checks",
    "decision",
    "failures",
    "import",
    "imported",
    "invited",
    "languages",
    "makers",
    "manage",
    "paired",
    "popup",
    "referee",
    "rollover",
    "typed",
    "unverified",
    "vouched",
];

/// Takes all pictures anew.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = process::target().join("shots");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let failed = test::look_at_pages(LOOKING)?;
    let sheet = folder.join("index.html");
    fs::write(&sheet, contact_sheet(&folder)?)?;
    println!("{}", sheet.display());
    if failed > 0 {
        bail!("{failed} tests failed, so pictures may be missing");
    }
    Ok(())
}

fn contact_sheet(folder: &Path) -> anyhow::Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name)
            .extension()
            .is_some_and(|kind| kind == "png")
        {
            names.push(name);
        }
    }
    names.sort();
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><title>Settle</title>\n\
         <style>body { display: flex; flex-wrap: wrap; gap: 1rem; font: 0.8rem sans-serif }\n\
         figure { margin: 0 } img { width: 22rem; border: 1px solid }</style>\n",
    );
    for name in names {
        writeln!(
            page,
            "<figure><a href=\"{name}\"><img src=\"{name}\" alt=\"\"></a><figcaption>{name}</figcaption></figure>"
        )?;
    }
    Ok(page)
}
