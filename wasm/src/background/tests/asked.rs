//! Requests of other sites that were kept from devices.

use super::*;

fn asked(run: &mut Run, tab: TabId, site: &str, url: &str) -> Vec<Effect> {
    let (site, url) = (site.to_owned(), url.to_owned());
    run.event(Event::SiteAsked { tab, url, site })
}

#[test]
#[wasm_bindgen_test]
fn sites_that_ask_for_devices_are_counted_by_tab_until_it_shows_another_page() {
    let mut printer = device("printer");
    printer.allowed_origins = vec![Origin::parse("https://friend.example").unwrap()];
    let mut run = Run::ready(&[printer, device("nas")]);
    let (site, url) = ("https://news.example/today", "https://printer.local/x");
    assert_eq!(
        asked(&mut run, 3, site, url),
        [Effect::Count { tab: 3, count: 1 }]
    );
    assert_eq!(asked(&mut run, 3, site, url), [], "once each");
    for (site, url) in [
        ("https://friend.example/", url),
        (site, "https://unknown.local/"),
        ("about:blank", url),
    ] {
        assert_eq!(asked(&mut run, 3, site, url), [], "{site} {url}");
    }
    let nas = asked(&mut run, 3, site, "https://nas.local:8443/x");
    assert_eq!(nas, [Effect::Count { tab: 3, count: 2 }]);
    let told = |run: &mut Run| {
        let message = FromPage::AskSites {
            tab: 3,
            site: None,
            rules: Vec::new(),
        };
        let effects = run.event(Event::PageSaid { page: 1, message });
        match effects.as_slice() {
            [
                Effect::Say {
                    message: ToPage::SitesAsked { asked },
                    ..
                },
            ] => asked.len(),
            other => panic!("{other:?}"),
        }
    };
    run.open_page(1);
    assert_eq!(told(&mut run), 2);
    run.event(Event::TabLeft { tab: 3 });
    assert_eq!(told(&mut run), 0);
}

#[test]
#[wasm_bindgen_test]
fn a_rule_that_kept_something_back_tells_which_device_was_asked_for() {
    let mut run = Run::ready(&[device("printer"), device("nas")]);
    run.open_page(1);
    let mut ask = |site: Option<&str>, rules: &[u32]| {
        let message = FromPage::AskSites {
            tab: 3,
            site: site.map(str::to_owned),
            rules: rules.to_vec(),
        };
        let effects = run.event(Event::PageSaid { page: 1, message });
        match effects.as_slice() {
            [
                Effect::Say {
                    message: ToPage::SitesAsked { asked },
                    ..
                },
            ] => asked.clone(),
            other => panic!("{other:?}"),
        }
    };
    let site = Some("https://news.example/today");
    let all = ask(site, &[2, routes::kept_out("nas")]);
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].name.as_str(), all[0].origin.as_str()),
        ("nas.local", "https://news.example")
    );
    assert_eq!(ask(None, &[routes::kept_out("nas")]), []);
    assert_eq!(ask(site, &[2]), []);
}
