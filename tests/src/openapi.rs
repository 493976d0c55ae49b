//! The description of the device's API as a judge of what a real device answers. That the description
//! itself is sound, a foreign tool says (`cargo xtask test`).

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

/// The description, and which of its operations were seen at work.
#[derive(Debug)]
pub struct Contract {
    description: Value,
    seen: BTreeSet<String>,
}

impl Contract {
    /// Reads `docs/device-api.openapi.json`.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn of_the_device() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let text = std::fs::read_to_string(root.join("docs/device-api.openapi.json"));
        Self {
            description: serde_json::from_str(&text.expect("a description")).expect("JSON"),
            seen: BTreeSet::new(),
        }
    }

    /// Judges one answer; `path` begins behind the server's.
    ///
    /// # Panics
    /// When the description has no such answer.
    pub fn judge(&mut self, method: &str, path: &str, status: u16, kind: &str, body: &str) {
        let path = path.split('?').next().unwrap_or_default();
        let method = method.to_ascii_lowercase();
        let (template, operation) = self.operation(&method, path);
        let by_status = operation.pointer(&format!("/responses/{status}"));
        if by_status.is_some() {
            self.seen.insert(format!("{method} {template}"));
        }
        let answer = by_status.or_else(|| operation.pointer("/responses/default"));
        let answer = self.resolve(answer.expect("an answer"));
        let Some(content) = answer.get("content") else {
            assert!(body.is_empty(), "{method} {path}: {body}");
            return;
        };
        let schema = content.get(kind).and_then(|content| content.get("schema"));
        let schema = schema.unwrap_or_else(|| panic!("{method} {path}: no {kind} at {status}"));
        let body: Value = serde_json::from_str(body).expect("JSON");
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": self.description.get("components"),
            "allOf": [schema],
        });
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let errors: Vec<_> = validator
            .iter_errors(&body)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{method} {path}: {errors:?} in {body}");
    }

    /// The operations of the description that were not seen to do what they are for.
    #[must_use]
    pub fn unseen(&self) -> Vec<String> {
        let paths = self.paths();
        let all = paths.flat_map(|(template, item)| {
            let methods = item.as_object().into_iter().flatten();
            let methods = methods.filter(|(name, _)| name.as_str() != "parameters");
            methods.map(move |(method, _)| format!("{method} {template}"))
        });
        all.filter(|operation| !self.seen.contains(operation))
            .collect()
    }

    fn operation(&self, method: &str, path: &str) -> (String, Value) {
        let (template, item) = self
            .paths()
            .find(|(template, _)| fits(template, path))
            .unwrap_or_else(|| panic!("no path {path}"));
        let operation = item.get(method);
        let operation = operation.unwrap_or_else(|| panic!("no {method} of {path}"));
        (template.clone(), operation.clone())
    }

    fn paths(&self) -> impl Iterator<Item = (&String, &Value)> {
        let paths = self.description.get("paths").and_then(Value::as_object);
        paths.expect("paths").iter()
    }

    fn resolve<'a>(&'a self, item: &'a Value) -> &'a Value {
        let target = item.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| target.strip_prefix('#'));
        target.map_or(item, |target| {
            self.description
                .pointer(target)
                .expect("what is referred to")
        })
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut of_template, mut of_path) = (template.split('/'), path.split('/'));
    loop {
        match (of_template.next(), of_path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}
