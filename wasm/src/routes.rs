//! The rules that bind local names to Settle: which names go to the verifying proxy, which
//! navigations lead to the pairing page first, and which requests of other sites the browser keeps
//! to itself. All start from `LOCAL_NAMESPACES` alone.

use std::collections::BTreeSet;

use serde::Serialize;
use settle_protocol::name::{LOCAL_NAMESPACES, LocalName};
use settle_protocol::origin::Origin;
use settle_protocol::rpc::{Device, Proxy, UnverifiedName};

use crate::other_sites::OtherSites;

/// Where local names go while no proxy is known: a port of the loopback where nothing answers and
/// only the system's own services may listen, so that they never become DNS questions.
const NOWHERE: (&str, u16) = ("127.0.0.1", 9);

/// The proxy of every local name, which speaks TLS. A proxy whose host is no `<token>.localhost` counts
/// as none: nothing else may get into a script.
#[must_use]
pub fn way(proxy: Option<&Proxy>) -> Proxy {
    let is_good = |Proxy { host, .. }: &&Proxy| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let token = host.strip_suffix(".localhost");
        token.is_some_and(|token| !token.is_empty() && token.bytes().all(plain))
    };
    proxy.filter(is_good).cloned().unwrap_or_else(|| {
        let (host, port) = NOWHERE;
        Proxy {
            host: host.to_owned(),
            port,
        }
    })
}

/// The script that decides on the proxy of every request (proxy auto-configuration).
///
/// A name with a final dot is local too, else it would go out as a DNS question.
#[must_use]
pub fn proxy_script(way: &Proxy, other_sites: &OtherSites) -> String {
    let namespaces = namespaces();
    let Proxy { host, port } = way;
    let other_sites = other_sites.function();
    format!(
        "{other_sites}function FindProxyForURL(url, host) {{\n  \
         return /\\.(?:{namespaces})\\.?$/i.test(host) ? \"HTTPS {host}:{port}\" : otherSites(url, host);\n}}\n"
    )
}

/// A rule of `declarativeNetRequest`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    id: u32,
    priority: u32,
    action: Action,
    condition: Condition,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Action {
    Allow,
    Block,
    Redirect { redirect: Redirect },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum Redirect {
    RegexSubstitution(String),
    Transform { scheme: String, port: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Condition {
    /// When empty, it is everything but a navigation of a tab: the browser's own reading.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_types: Vec<ResourceType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_type: Option<DomainType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regex_filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_filter: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    request_domains: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    initiator_domains: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum ResourceType {
    MainFrame,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
enum DomainType {
    ThirdParty,
}

/// All rules of the browser. For navigations of a tab: an unpaired local name leads to `pair_page`,
/// a paired one opens, by HTTPS in any case. For everything else: other sites get to no local name.
///
/// A sub-name of a paired name is not paired: the rule that lets a name pass ends at its host.
#[must_use]
pub fn rules(pair_page: &str, devices: &[Device], unverified: &[UnverifiedName]) -> Vec<Rule> {
    let names = || devices.iter().flat_map(|device| &device.names);
    let mut rules = vec![to_pair_page(pair_page), keep_others_out()];
    if names().next().is_some() {
        rules.push(to_https(names()));
    }
    rules.extend((4..).zip(names()).map(|(id, name)| open(id, name)));
    let free = 4 + u32::try_from(names().count()).unwrap_or(u32::MAX / 2);
    let lets_in = |device: &&Device| !let_in_origins(device).is_empty();
    let allowing = devices.iter().filter(lets_in);
    rules.extend(
        (free..)
            .zip(allowing)
            .map(|(id, device)| let_in(id, device)),
    );
    let free = free + u32::try_from(devices.len()).unwrap_or(u32::MAX / 4);
    let of_nobody = |it: &&UnverifiedName| !names().any(|name| *name == it.name);
    let unverified = unverified.iter().filter(of_nobody);
    rules.extend(
        (free..)
            .zip(unverified)
            .map(|(id, it)| open_unverified(id, &it.name)),
    );
    let mut numbers = BTreeSet::new();
    let watched = devices.iter().map(|device| (kept_out(&device.id), device));
    let watched = watched.filter(|(id, _)| numbers.insert(*id));
    rules.extend(watched.map(|(id, device)| keep_out_of(id, device)));
    rules
}

/// The number of the rule that keeps other sites from a device. It is the device's as long as it is trusted, so that it
/// says later which device was asked for.
#[must_use]
pub fn kept_out(id: &str) -> u32 {
    // FNV-1a, over everything that other rules are numbered by.
    let hash = id.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash >> 2) | 0x2000_0000
}

/// The second layer before the verifying proxy, which knows more and decides alone: pages of other
/// sites, of other devices, and of extensions are third parties to a local name.
fn keep_others_out() -> Rule {
    Rule {
        id: 2,
        priority: 1,
        action: Action::Block,
        condition: Condition {
            domain_type: Some(DomainType::ThirdParty),
            request_domains: LOCAL_NAMESPACES.map(str::to_owned).to_vec(),
            ..Condition::default()
        },
    }
}

/// The same for one device, above the other, so that the browser tells which device was asked for.
fn keep_out_of(id: u32, device: &Device) -> Rule {
    Rule {
        id,
        priority: 2,
        action: Action::Block,
        condition: Condition {
            domain_type: Some(DomainType::ThirdParty),
            request_domains: device.names.iter().map(LocalName::to_string).collect(),
            ..Condition::default()
        },
    }
}

fn let_in_origins(device: &Device) -> Vec<&Origin> {
    let allowed = device.allowed_origins.iter();
    allowed.chain(&device.passing_origins).collect()
}

/// A rule knows an initiator by its host alone; the proxy looks at scheme and port too.
fn let_in(id: u32, device: &Device) -> Rule {
    let hosts = let_in_origins(device).into_iter().map(Origin::host);
    Rule {
        id,
        priority: 3,
        action: Action::Allow,
        condition: Condition {
            request_domains: device.names.iter().map(LocalName::to_string).collect(),
            initiator_domains: hosts.map(str::to_owned).collect(),
            ..Condition::default()
        },
    }
}

fn to_pair_page(pair_page: &str) -> Rule {
    let namespaces = namespaces();
    Rule {
        id: 1,
        priority: 1,
        action: Action::Redirect {
            redirect: Redirect::RegexSubstitution(format!("{pair_page}#\\0")),
        },
        condition: Condition {
            resource_types: vec![ResourceType::MainFrame],
            regex_filter: Some(format!(
                "^https?://([^/?#@]*@)?[^/?#@:]+\\.({namespaces})\\.?(:[0-9]+)?/.*"
            )),
            ..Condition::default()
        },
    }
}

/// Of a sub-name it makes HTTPS too; then the rule above takes it, as `open` does not.
fn to_https<'a>(names: impl Iterator<Item = &'a LocalName>) -> Rule {
    Rule {
        id: 3,
        priority: 2,
        action: Action::Redirect {
            redirect: Redirect::Transform {
                scheme: "https".to_owned(),
                port: String::new(),
            },
        },
        condition: Condition {
            resource_types: vec![ResourceType::MainFrame],
            url_filter: Some("|http://".to_owned()),
            request_domains: names.map(LocalName::to_string).collect(),
            ..Condition::default()
        },
    }
}

/// `|` is the start of the address and `^` an end of the host: a slash or a colon, never a dot.
fn open(id: u32, name: &LocalName) -> Rule {
    Rule {
        id,
        priority: 3,
        action: Action::Allow,
        condition: Condition {
            resource_types: vec![ResourceType::MainFrame],
            url_filter: Some(format!("|https://{name}^")),
            ..Condition::default()
        },
    }
}

/// By HTTP or HTTPS, as it is asked for, and at any port.
fn open_unverified(id: u32, name: &LocalName) -> Rule {
    let name = name.as_str().replace('.', "\\.");
    Rule {
        id,
        priority: 3,
        action: Action::Allow,
        condition: Condition {
            resource_types: vec![ResourceType::MainFrame],
            regex_filter: Some(format!("^https?://{name}[:/]")),
            ..Condition::default()
        },
    }
}

fn namespaces() -> String {
    LOCAL_NAMESPACES.join("|").replace('.', "\\.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::fixtures::{device, unverified};

    #[test]
    #[wasm_bindgen_test]
    fn the_script_sends_every_local_namespace_to_the_proxy() {
        let proxy = Proxy {
            host: "ab12.localhost".to_owned(),
            port: 4711,
        };
        let script = proxy_script(&way(Some(&proxy)), &OtherSites::Direct);
        assert_eq!(
            script,
            "function otherSites(url, host) {\n  return \"DIRECT\";\n}\n\
             function FindProxyForURL(url, host) {\n  return \
             /\\.(?:local|home\\.arpa|alt)\\.?$/i.test(host) ? \
             \"HTTPS ab12.localhost:4711\" : otherSites(url, host);\n}\n"
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn nothing_but_a_token_gets_into_the_script() {
        let nowhere = proxy_script(&way(None), &OtherSites::Direct);
        assert!(nowhere.contains("\"HTTPS 127.0.0.1:9\""));
        for host in [
            "",
            ".localhost",
            "a.example",
            "a\".localhost",
            "a b.localhost",
            "a.b.localhost",
            "a\n.localhost",
        ] {
            let proxy = Proxy {
                host: host.to_owned(),
                port: 1,
            };
            let script = proxy_script(&way(Some(&proxy)), &OtherSites::Direct);
            assert_eq!(script, nowhere, "{host:?}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn with_nothing_paired_every_local_name_leads_to_the_pairing_page() {
        let rules = rules("chrome-extension://x/pair.html", &[], &[]);
        assert_eq!(
            serde_json::to_value(&rules[0]).unwrap(),
            json!({
                "id": 1,
                "priority": 1,
                "action": {
                    "type": "redirect",
                    "redirect": { "regexSubstitution": "chrome-extension://x/pair.html#\\0" },
                },
                "condition": {
                    "resourceTypes": ["main_frame"],
                    "regexFilter":
                        "^https?://([^/?#@]*@)?[^/?#@:]+\\.(local|home\\.arpa|alt)\\.?(:[0-9]+)?/.*",
                },
            })
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn third_parties_get_to_no_local_name_by_anything_but_a_navigation() {
        let rules = rules("x", &[], &[]);
        assert_eq!(
            serde_json::to_value(&rules[1]).unwrap(),
            json!({
                "id": 2,
                "priority": 1,
                "action": { "type": "block" },
                // No resource types: all but `main_frame`.
                "condition": {
                    "domainType": "thirdParty",
                    "requestDomains": ["local", "home.arpa", "alt"],
                },
            })
        );
        assert_eq!(rules.len(), 2);
    }

    #[test]
    #[wasm_bindgen_test]
    fn an_origin_that_the_user_allowed_gets_to_the_names_of_its_device_alone() {
        let mut printer = device("printer");
        let origins = ["https://cloud.example", "https://b.example:8443"];
        printer.allowed_origins = origins.map(|it| Origin::parse(it).unwrap()).to_vec();
        let unique = printer.unique_name.clone();
        let rules = rules("x", &[device("nas"), printer], &[]);
        let allows = |rule: &&Rule| !rule.condition.initiator_domains.is_empty();
        let allowing: Vec<&Rule> = rules.iter().filter(allows).collect();
        assert_eq!(
            serde_json::to_value(allowing).unwrap(),
            json!([{
                "id": 8,
                "priority": 3,
                "action": { "type": "allow" },
                "condition": {
                    "requestDomains": ["printer.local", unique.as_str()],
                    "initiatorDomains": ["cloud.example", "b.example"],
                },
            }])
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn each_name_of_a_paired_device_opens_and_by_https() {
        let printer = device("printer");
        let unique = printer.unique_name.clone();
        let rules = rules("x", &[printer], &[]);
        let rules = serde_json::to_value(rules).unwrap();
        assert_eq!(
            rules[2],
            json!({
                "id": 3,
                "priority": 2,
                "action": {
                    "type": "redirect",
                    "redirect": { "transform": { "scheme": "https", "port": "" } },
                },
                "condition": {
                    "resourceTypes": ["main_frame"],
                    "urlFilter": "|http://",
                    "requestDomains": ["printer.local", unique.as_str()],
                },
            })
        );
        assert_eq!(
            rules[3],
            json!({
                "id": 4,
                "priority": 3,
                "action": { "type": "allow" },
                "condition": {
                    "resourceTypes": ["main_frame"],
                    "urlFilter": "|https://printer.local^",
                },
            })
        );
        assert_eq!(
            rules[5],
            json!({
                "id": kept_out("printer"),
                "priority": 2,
                "action": { "type": "block" },
                "condition": {
                    "domainType": "thirdParty",
                    "requestDomains": ["printer.local", unique.as_str()],
                },
            })
        );
        assert_eq!(rules.as_array().unwrap().len(), 6);
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_name_that_opens_without_pairing_opens_as_it_is_asked_for_unless_a_device_has_it() {
        let listed = [unverified("cam.local"), unverified("printer.local")];
        let rules = rules("x", &[device("printer")], &listed);
        let by_regex = |rule: &&Rule| rule.id > 1 && rule.condition.regex_filter.is_some();
        let opening: Vec<&Rule> = rules.iter().filter(by_regex).collect();
        assert_eq!(
            serde_json::to_value(opening).unwrap(),
            json!([{
                "id": 7,
                "priority": 3,
                "action": { "type": "allow" },
                "condition": {
                    "resourceTypes": ["main_frame"],
                    "regexFilter": "^https?://cam\\.local[:/]",
                },
            }])
        );
    }

    #[test]
    #[wasm_bindgen_test]
    fn numbers_of_rules_are_unique_and_a_pass_outranks_the_redirects() {
        let mut devices = [device("printer"), device("nas")];
        for device in &mut devices {
            device.allowed_origins = vec![Origin::parse("https://cloud.example").unwrap()];
        }
        let rules = rules("x", &devices, &[unverified("cam.local")]);
        for (i, a) in rules.iter().enumerate() {
            assert!(rules[i + 1..].iter().all(|b| a.id != b.id));
            assert_eq!(a.action == Action::Allow, a.priority == 3);
        }
    }
}
