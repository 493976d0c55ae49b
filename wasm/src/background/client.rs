//! The label under which this browser appears in a device's list of clients.

/// Browser and system, as far as the user agent tells them: `Chromium on Linux`.
pub(super) fn label(user_agent: &str) -> String {
    let browsers = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chromium"),
    ];
    let systems = [
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
        ("Mac OS X", "macOS"),
        ("Windows", "Windows"),
    ];
    let first = |words: &[(&str, &'static str)]| {
        let mut words = words.iter();
        words.find_map(|(word, name)| user_agent.contains(word).then_some(*name))
    };
    let browser = first(&browsers).unwrap_or("Browser");
    match first(&systems) {
        Some(system) => format!("{browser} on {system}"),
        None => browser.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn names_browser_and_system() {
        for (user_agent, want) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/156.0.0.0 Safari/537.36",
                "Chromium on Linux",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
                "Firefox on Linux",
            ),
            ("", "Browser"),
        ] {
            assert_eq!(label(user_agent), want);
        }
    }
}
