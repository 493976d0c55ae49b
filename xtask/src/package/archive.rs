//! Archives whose bytes depend on their contents alone: names in order, one time for all, nobody's files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::process;

/// Packs a folder's contents.
pub(super) fn zip(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut writer = ZipWriter::new(File::create(file)?);
    for path in files {
        let name = path
            .strip_prefix(folder)?
            .to_str()
            .context("a name in UTF-8")?;
        writer.start_file(name.replace('\\', "/"), options)?;
        writer.write_all(&fs::read(&path)?)?;
    }
    writer.finish()?;
    Ok(())
}

/// Packs files with their modes into a folder of this name.
pub(super) fn tar_gz(name: &str, files: &[(PathBuf, u32)], file: &Path) -> anyhow::Result<()> {
    let folder = tempfile_beside(file, name)?;
    for (source, mode) in files {
        let target = folder.join(source.file_name().context("a file's name")?);
        fs::copy(source, &target).with_context(|| format!("{}", source.display()))?;
        process::run(
            process::command("chmod")
                .arg(format!("{mode:o}"))
                .arg(&target),
        )?;
    }
    let mut tar = process::command("tar");
    tar.args([
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
    ]);
    tar.args(["--use-compress-program=gzip -9 --no-name", "-cf"])
        .arg(file);
    process::run(
        tar.arg("-C")
            .arg(folder.parent().context("a folder")?)
            .arg(name),
    )?;
    Ok(fs::remove_dir_all(folder)?)
}

fn tempfile_beside(file: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let folder = file.parent().context("a folder")?.join(name);
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
