//! Every input that the fuzzer has kept, once.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_kept_input_keeps_what_its_target_promises() {
    for (name, run) in settle_fuzz::TARGETS {
        let folder = folder("corpus").join(name);
        let mut inputs = 0;
        for file in fs::read_dir(&folder).unwrap() {
            run(&fs::read(file.unwrap().path()).unwrap());
            inputs += 1;
        }
        assert!(inputs > 0, "{} is empty", folder.display());
    }
}

#[test]
fn every_target_has_its_corpus_and_its_start_and_there_are_no_others() {
    let targets = settle_fuzz::TARGETS.map(|(name, _)| name.to_owned()).into();
    for folder in ["corpus", "fuzz_targets"] {
        assert_eq!(names(folder), targets, "{folder}");
    }
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn names(name: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder(name)).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            path.file_stem().unwrap().to_string_lossy().into_owned()
        })
        .collect()
}
