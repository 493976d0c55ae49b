//! A native messaging host without a guard, which tests start as they start Settle's.

use std::io;

use settle_tests::lab::weak::messenger;

fn main() -> io::Result<()> {
    messenger::serve(io::stdin(), io::stdout())
}
