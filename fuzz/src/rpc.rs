//! One frame of native messaging, read as each end reads it: what reads is written again as something
//! that reads the same.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use settle_protocol::rpc::{FromDaemon, Request};

/// Takes one frame's content.
pub fn run(data: &[u8]) {
    again::<Request>(data);
    again::<FromDaemon>(data);
}

fn again<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) {
    let Ok(read) = serde_json::from_slice::<T>(data) else {
        return;
    };
    if serde_json::from_slice(data).is_ok_and(|value| has_fraction(&value)) {
        // Reading one loses its last digit, and no message has any.
        return;
    }
    let text = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&text).expect("what was written can be read");
    assert_eq!(again, read);
}

fn has_fraction(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fraction),
        Value::Object(values) => values.values().any(has_fraction),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
