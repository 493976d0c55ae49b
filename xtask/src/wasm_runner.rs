//! The program that `cargo test` hands wasm tests to, of the version that `Cargo.lock` names.
//!
//! Cargo can install such a runner too, but that takes minutes and a version of its own.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
