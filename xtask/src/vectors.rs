//! `cargo xtask vectors`: lets the tests that compare the published vectors, and the fuzzer's seeds out
//! of them, with the code write them instead. A difference in the vectors is a change of the protocol.

use crate::process;

/// Writes the files below `protocol/vectors`, then the seeds below `fuzz/corpus`.
pub(crate) fn write() -> anyhow::Result<()> {
    let vectors = "vectors::the_published_vectors_are_what_this_code_makes";
    let mut test = process::cargo(&["test", "--locked", "--package", "settle-protocol", "--lib"]);
    test.args(["--", "--exact", vectors]).env(
        "SETTLE_WRITE_VECTORS",
        process::root().join("protocol/vectors"),
    );
    process::run(&mut test)?;
    let mut test = process::cargo(&["test", "--locked", "--package", "settle-fuzz"]);
    test.args(["--test", "seeds", "--", "--exact"])
        .arg("the_seeds_are_what_this_code_makes")
        .env("SETTLE_WRITE_SEEDS", "1");
    process::run(&mut test)?;
    let mut difference = process::command("git");
    difference.args(["diff", "--stat", "--", "protocol/vectors", "fuzz/corpus"]);
    process::run(&mut difference)
}
