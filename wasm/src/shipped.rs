//! Holds the logic, the HTML pages and the locales against each other: what one names, the others
//! must have, and nothing is left over. Native tests only: they read the shipped files.

use std::collections::BTreeSet;
use std::path::Path;

use crate::fault::Fault;
use crate::phrase::Phrase;
use crate::view::{Action, Field, List, Mark, Part, Screen, Slot};
use serde_json::Value;

const LOCALES: [&str; 5] = ["en", "de", "es", "fr", "ja"];
const PAGES: [&str; 5] = [
    "pair.html",
    "import.html",
    "blocked.html",
    "popup.html",
    "manage.html",
];
/// Messages that only the manifest or the pages' script asks for.
const BY_NAME: [&str; 5] = [
    "copied",
    "direction",
    "extension_description",
    "extension_name",
    "language",
];

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The values of an attribute in all pages.
fn attribute(name: &str) -> BTreeSet<String> {
    let start = format!(" {name}=\"");
    PAGES
        .iter()
        .flat_map(|page| {
            let html = read(&format!("extension/{page}")).replace('\n', " ");
            let values = html.split(&start).skip(1);
            let values = values.filter_map(|rest| rest.split('"').next().map(str::to_owned));
            values.collect::<Vec<_>>()
        })
        .collect()
}

fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> BTreeSet<String> {
    all.iter().map(|it| word(*it).to_owned()).collect()
}

fn locale(name: &str) -> serde_json::Map<String, Value> {
    let text = read(&format!("extension/_locales/{name}/messages.json"));
    let Value::Object(messages) = serde_json::from_str(&text).unwrap() else {
        panic!("the messages of {name} are no object");
    };
    messages
}

#[test]
fn the_pages_have_every_place_that_the_logic_fills_and_no_other() {
    let mut slots = attribute("data-text");
    let named = words(Slot::ALL, Slot::word);
    assert_eq!(slots, named);
    slots.extend(attribute("data-invalid"));
    assert_eq!(slots, named);
    let mut parts = attribute("data-part");
    parts.extend(attribute("data-enabled"));
    parts.extend(attribute("data-current"));
    assert_eq!(parts, words(Part::ALL, Part::word));
    assert_eq!(attribute("data-screen"), words(Screen::ALL, Screen::word));
    assert_eq!(attribute("data-do"), words(Action::ALL, Action::word));
    assert_eq!(attribute("data-field"), words(Field::ALL, Field::word));
    assert_eq!(attribute("data-list"), words(List::ALL, List::word));
}

#[test]
fn the_script_knows_every_mark() {
    let script = read("extension/page.js");
    for mark in Mark::ALL {
        assert!(script.contains(&format!("\"{}\"", mark.word())), "{mark:?}");
    }
}

#[test]
fn every_language_has_every_message_and_no_other() {
    let mut wanted = words(Phrase::ALL, Phrase::word);
    for fault in Fault::all() {
        wanted.insert(format!("error_{}", fault.word()));
        wanted.insert(format!("next_{}", fault.word()));
    }
    wanted.extend(attribute("data-i18n"));
    wanted.extend(attribute("data-i18n-label"));
    wanted.extend(BY_NAME.map(str::to_owned));
    for name in LOCALES {
        let there: BTreeSet<String> = locale(name).keys().cloned().collect();
        let amiss: Vec<&String> = there.symmetric_difference(&wanted).collect();
        assert!(amiss.is_empty(), "{name}: missing or unused: {amiss:?}");
    }
}

#[test]
fn the_languages_agree_on_the_arguments_of_each_message() {
    let first = locale(LOCALES[0]);
    for name in LOCALES {
        for (key, message) in locale(name) {
            assert_eq!(
                message.get("placeholders"),
                first[&key].get("placeholders"),
                "{key}"
            );
            let text = message["message"].as_str().unwrap();
            assert!(!text.trim().is_empty(), "{name}: {key}");
            let placeholders = message.get("placeholders").and_then(Value::as_object);
            for placeholder in placeholders.into_iter().flat_map(|all| all.keys()) {
                let mark = format!("${}$", placeholder.to_uppercase());
                assert!(text.contains(&mark), "{name}: {key} lacks {mark}");
            }
        }
    }
}

#[test]
fn the_pages_have_no_text_of_their_own() {
    for page in PAGES {
        let html = read(&format!("extension/{page}"));
        let (_, body) = html.split_once("<body").unwrap();
        let texts = body
            .split('>')
            .skip(1)
            .filter_map(|rest| rest.split('<').next());
        for text in texts.map(str::trim).filter(|text| !text.is_empty()) {
            assert_eq!(text, "Settle", "{page}");
        }
    }
}

#[test]
fn the_manifest_reaches_exactly_the_local_namespaces() {
    let manifest: Value = serde_json::from_str(&read("manifest/extension/chromium.json")).unwrap();
    let script = read("extension/background.js");
    let hosts = manifest["host_permissions"].as_array().unwrap();
    assert_eq!(hosts.len(), settle_protocol::name::LOCAL_NAMESPACES.len());
    for namespace in settle_protocol::name::LOCAL_NAMESPACES {
        let pattern = format!("*://*.{namespace}/*");
        assert!(hosts.contains(&Value::from(pattern.as_str())), "{pattern}");
        assert!(script.contains(&pattern), "{pattern}");
    }
    let policy = manifest["content_security_policy"]["extension_pages"].as_str();
    assert!(policy.unwrap().contains("frame-ancestors 'none'"));
}
