//! `cargo xtask sbom`: the bill of materials of what is given to users, in CycloneDX 1.6: every crate that is in the programs
//! or in the extension, or has a part in their build, as cargo itself resolves them. The same commit gives the same octets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::process;

/// What is built together, so that cargo chooses features for all of it at once.
struct Product {
    packages: &'static [&'static str],
    target: Option<&'static str>,
}

/// As `package` and `bundle` build them.
const PRODUCTS: [Product; 2] = [
    Product {
        packages: &["settle", "settle-device", "settle-referee"],
        target: None,
    },
    Product {
        packages: &["settle-wasm", "settle-picture"],
        target: Some("wasm32-unknown-unknown"),
    },
];

/// A crate by name and version.
type Crate = (String, String);

/// What is known of the crates of the products.
#[derive(Default)]
struct Bill {
    /// Whether each is in what is shipped, and not in its build alone.
    crates: BTreeMap<Crate, bool>,
    needs: BTreeMap<Crate, BTreeSet<Crate>>,
    packages: BTreeMap<Crate, Value>,
}

/// Writes it below `target/sbom`.
pub(crate) fn run() -> anyhow::Result<()> {
    let folder = process::target().join("sbom");
    fs::create_dir_all(&folder)?;
    let file = folder.join("settle.cdx.json");
    write(&file)?;
    println!("{}", file.display());
    Ok(())
}

/// Writes it to a file.
pub(crate) fn write(file: &Path) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&made()?)?;
    Ok(fs::write(file, text + "\n")?)
}

fn made() -> anyhow::Result<Value> {
    let mut bill = Bill::default();
    for product in &PRODUCTS {
        bill.add(product)?;
    }
    let lock = fs::read_to_string(process::root().join("Cargo.lock"))?;
    let digests = digests(&lock);
    let ours = PRODUCTS.iter().flat_map(|product| product.packages);
    let ours: BTreeSet<&str> = ours.copied().collect();
    let is_ours = |crate_: &Crate| ours.contains(crate_.0.as_str());
    let components: Vec<Value> = bill
        .crates
        .iter()
        .map(|(crate_, shipped)| {
            let package = bill.packages.get(crate_).unwrap_or(&Value::Null);
            let kind = if is_ours(crate_) {
                "application"
            } else {
                "library"
            };
            component(crate_, kind, *shipped, package, digests.get(crate_))
        })
        .collect();
    let roots = bill.crates.keys().filter(|crate_| is_ours(crate_));
    let roots: Vec<String> = roots.map(reference).collect();
    let needed = |(crate_, needs): (&Crate, &BTreeSet<Crate>)| {
        let needs: Vec<String> = needs.iter().map(reference).collect();
        json!({"ref": reference(crate_), "dependsOn": needs})
    };
    let mut dependencies = vec![json!({"ref": "settle-products", "dependsOn": roots})];
    dependencies.extend(bill.needs.iter().map(needed));
    Ok(json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": committed_at()?,
            "component": {"type": "application", "bom-ref": "settle-products", "name": "Settle"},
        },
        "components": components,
        "dependencies": dependencies,
    }))
}

impl Bill {
    fn add(&mut self, product: &Product) -> anyhow::Result<()> {
        let host = process::output(process::command("rustc").args(["--print", "host-tuple"]))?;
        let target = product.target.unwrap_or_else(|| host.trim());
        let shipped = tree(product, target, "normal")?;
        let built = tree(product, target, "normal,build")?;
        for crate_ in &built {
            let shipped = shipped.contains(crate_);
            *self.crates.entry(crate_.clone()).or_default() |= shipped;
        }
        let mut metadata = process::cargo(&["metadata", "--locked", "--format-version", "1"]);
        metadata.args(["--filter-platform", target]);
        let metadata: Value = serde_json::from_str(&process::output(&mut metadata)?)?;
        let mut by_id = BTreeMap::new();
        for package in members(&metadata, "/packages") {
            let crate_ = (text(package, "name"), text(package, "version"));
            by_id.insert(text(package, "id"), crate_.clone());
            if built.contains(&crate_) {
                self.packages.insert(crate_, package.clone());
            }
        }
        for node in members(&metadata, "/resolve/nodes") {
            let Some(crate_) = by_id.get(&text(node, "id")) else {
                continue;
            };
            if !built.contains(crate_) {
                continue;
            }
            let needs = members(node, "/deps")
                .iter()
                .filter(|need| !is_for_tests(need));
            let needs = needs.filter_map(|need| by_id.get(&text(need, "pkg")));
            let needs = needs.filter(|need| built.contains(*need)).cloned();
            self.needs.entry(crate_.clone()).or_default().extend(needs);
        }
        Ok(())
    }
}

/// What cargo itself says is built, by the kinds of dependencies that are followed.
fn tree(product: &Product, target: &str, edges: &str) -> anyhow::Result<BTreeSet<Crate>> {
    let mut tree = process::cargo(&["tree", "--locked", "--prefix", "none", "--no-dedupe"]);
    tree.args(["--target", target, "--edges", edges]);
    for package in product.packages {
        tree.args(["--package", package]);
    }
    let text = process::output(&mut tree)?;
    let crate_ = |line: &str| {
        let mut words = line.split(' ');
        let name = words.next()?.to_owned();
        Some((name, words.next()?.strip_prefix('v')?.to_owned()))
    };
    Ok(text.lines().filter_map(crate_).collect())
}

fn is_for_tests(need: &&Value) -> bool {
    let kinds = members(need, "/dep_kinds");
    kinds.iter().all(|kind| text(kind, "kind") == "dev")
}

fn component(
    crate_: &Crate,
    kind: &str,
    shipped: bool,
    package: &Value,
    digest: Option<&String>,
) -> Value {
    let (name, version) = crate_;
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(crate_),
        "name": name,
        "version": version,
        "scope": if shipped { "required" } else { "excluded" },
    });
    let mut say = |member: &str, value: Value| {
        if let Some(component) = component.as_object_mut() {
            component.insert(member.to_owned(), value);
        }
    };
    let license = text(package, "license");
    if !license.is_empty() {
        // Before there were expressions, a slash meant a choice.
        let expression = license.replace(" / ", "/").replace('/', " OR ");
        say("licenses", json!([{"expression": expression}]));
    }
    let repository = text(package, "repository");
    if !repository.is_empty() {
        say(
            "externalReferences",
            json!([{"type": "vcs", "url": repository}]),
        );
    }
    // What is in no registry has neither a digest nor an address there.
    if let Some(digest) = digest {
        say("hashes", json!([{"alg": "SHA-256", "content": digest}]));
        say(
            "purl",
            json!(format!("pkg:cargo/{name}@{}", version.replace('+', "%2B"))),
        );
    }
    component
}

fn reference((name, version): &Crate) -> String {
    format!("{name}@{version}")
}

/// What the lock file says of each crate of a registry.
fn digests(lock: &str) -> BTreeMap<Crate, String> {
    let digest = |package: &str| {
        let value = |name: &str| {
            let lines = package.lines();
            let value = lines.filter_map(|line| line.strip_prefix(name)).next()?;
            Some(value.trim_matches([' ', '=', '"']).to_owned())
        };
        Some(((value("name")?, value("version")?), value("checksum")?))
    };
    let packages = lock.split("[[package]]").skip(1);
    packages.filter_map(digest).collect()
}

/// The time of the commit: that of the build would differ from one to the next.
fn committed_at() -> anyhow::Result<String> {
    let mut log = process::command("git");
    log.args([
        "log",
        "-1",
        "--date=format-local:%Y-%m-%dT%H:%M:%SZ",
        "--format=%cd",
    ]);
    let time =
        process::output(log.env("TZ", "UTC")).context("the bill is made in a clone by git")?;
    Ok(time.trim().to_owned())
}

fn members<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    let members = value.pointer(pointer).and_then(Value::as_array);
    members.map_or(&[], Vec::as_slice)
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bill_is_the_same_twice_and_names_what_is_shipped_and_no_tests() {
        let bill = made().unwrap();
        assert_eq!(bill, made().unwrap());
        let components = members(&bill, "/components");
        let named = |name: &str| components.iter().find(|one| text(one, "name") == name);
        let scope = |name: &str| text(named(name).unwrap(), "scope");
        for shipped in ["settle", "settle-protocol", "rustls", "wasm-bindgen"] {
            assert_eq!(scope(shipped), "required", "{shipped}");
        }
        assert_eq!(scope("cc"), "excluded");
        for foreign in ["settle-tests", "xtask", "pakery-spake2"] {
            assert!(named(foreign).is_none(), "{foreign}");
        }
        let known: BTreeSet<String> = components.iter().map(|one| text(one, "bom-ref")).collect();
        for dependency in members(&bill, "/dependencies") {
            for need in members(dependency, "/dependsOn") {
                assert!(known.contains(need.as_str().unwrap()), "{need}");
            }
        }
        for one in components {
            let is_ours = text(one, "name").starts_with("settle");
            assert_eq!(one.get("hashes").is_none(), is_ours, "{one}");
            assert!(!members(one, "/licenses").is_empty(), "{one}");
        }
    }
}
