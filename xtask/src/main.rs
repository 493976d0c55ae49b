//! The project's tasks: `cargo xtask test` runs every check there is.
#![expect(
    clippy::print_stderr,
    reason = "a task tells its steps on the terminal"
)]

use std::process::{Command, ExitCode};

const STEPS: &[(&str, &[&str])] = &[
    ("format", &["cargo", "fmt", "--all", "--check"]),
    (
        "lints",
        &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ),
    ("unit tests", &["cargo", "test", "--workspace", "--locked"]),
];

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() != Some("test") {
        eprintln!("usage: cargo xtask test");
        return ExitCode::from(2);
    }
    for (name, command) in STEPS {
        eprintln!("== {name}");
        let [program, arguments @ ..] = command else {
            return ExitCode::FAILURE;
        };
        match Command::new(program).args(arguments).status() {
            Ok(status) if status.success() => {}
            Ok(_) => return ExitCode::FAILURE,
            Err(error) => {
                eprintln!("{program}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
