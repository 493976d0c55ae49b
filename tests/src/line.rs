//! The lines that a program prints, read as they come and waited for with patience.

use std::io::{BufRead as _, BufReader, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Instant;

use serde_json::Value;

use crate::process::PATIENCE;

/// JSON objects, one a line.
#[derive(Debug)]
pub struct Lines {
    source: Receiver<Value>,
    seen: Vec<Value>,
}

impl Lines {
    /// Reads a program's output in the background.
    #[must_use]
    pub fn of(output: impl Read + Send + 'static) -> Self {
        let (sender, source) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                let Ok(line) = line else { return };
                let value = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        Self {
            source,
            seen: Vec::new(),
        }
    }

    /// The next line not waited for yet that satisfies a condition; earlier ones are skipped.
    pub fn wait_for(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.source.recv_timeout(end - Instant::now().min(end)) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("no {what} in {:?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the program ended with no {what}: {:?}", self.seen)
                }
            }
        }
    }

    /// Every line until now.
    pub fn seen(&mut self) -> &[Value] {
        self.seen.extend(self.source.try_iter());
        &self.seen
    }
}
