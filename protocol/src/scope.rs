//! What trust in somebody's certificate is limited to: exact names and ports, or, for a referee, the
//! namespaces that it may vouch in. Outside of its scope an anchor is worth nothing.

use alloc::collections::BTreeSet;

use crate::name::{LOCAL_NAMESPACES, LocalName};

/// Exact names at exact ports: what a device, or an imported certificate, is trusted for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExactScope {
    names: BTreeSet<LocalName>,
    ports: BTreeSet<u16>,
}

impl ExactScope {
    /// Each of the names at each of the ports. Of no name or no port, it covers nothing.
    #[must_use]
    pub fn new(
        names: impl IntoIterator<Item = LocalName>,
        ports: impl IntoIterator<Item = u16>,
    ) -> Self {
        Self {
            names: names.into_iter().collect(),
            ports: ports.into_iter().collect(),
        }
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &LocalName> {
        self.names.iter()
    }

    /// The ports, in order.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        self.ports.iter().copied()
    }

    /// Whether this name at this port is one of them. A name below a covered one is not covered.
    #[must_use]
    pub fn covers(&self, name: &LocalName, port: u16) -> bool {
        self.names.contains(name) && self.ports.contains(&port)
    }
}

/// One of [`LOCAL_NAMESPACES`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Namespace(&'static str);

impl Namespace {
    /// All of them.
    pub const ALL: [Self; 3] = {
        let [local, home, alt] = LOCAL_NAMESPACES;
        [Self(local), Self(home), Self(alt)]
    };

    /// Finds one by its text, in lower case and without a leading dot.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.0 == text)
    }

    /// Its text, without a leading dot.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// Whether a name lies in it.
    #[must_use]
    pub fn contains(self, name: &LocalName) -> bool {
        name.as_str()
            .strip_suffix(self.0)
            .is_some_and(|rest| rest.ends_with('.'))
    }
}

/// Whole namespaces at any port: what a referee vouches in, for servers that it does not run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamespaceScope(BTreeSet<Namespace>);

impl NamespaceScope {
    /// These namespaces. Of none, it covers nothing.
    #[must_use]
    pub fn new(namespaces: impl IntoIterator<Item = Namespace>) -> Self {
        Self(namespaces.into_iter().collect())
    }

    /// The namespaces, in order.
    pub fn namespaces(&self) -> impl Iterator<Item = Namespace> {
        self.0.iter().copied()
    }

    /// Whether this name is in one of them.
    #[must_use]
    pub fn covers(&self, name: &LocalName) -> bool {
        self.0.iter().any(|namespace| namespace.contains(name))
    }
}

/// The scope of an anchor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Of a device or an import.
    Exact(ExactScope),
    /// Of a referee.
    Namespaces(NamespaceScope),
}

impl Scope {
    /// Whether the anchor may be asked about this name at this port at all.
    #[must_use]
    pub fn covers(&self, name: &LocalName, port: u16) -> bool {
        match self {
            Self::Exact(scope) => scope.covers(name, port),
            Self::Namespaces(scope) => scope.covers(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn name(text: &str) -> LocalName {
        LocalName::parse(text).unwrap()
    }

    #[test]
    #[wasm_bindgen_test]
    fn an_exact_scope_covers_its_names_at_its_ports_alone() {
        let scope = Scope::Exact(ExactScope::new([name("nas.local")], [443, 5001]));
        assert!(scope.covers(&name("NAS.local."), 443));
        assert!(scope.covers(&name("nas.local"), 5001));
        for (other, port) in [
            ("nas.local", 8443),
            ("nas.local", 0),
            ("a.nas.local", 443),
            ("anas.local", 443),
            ("nas.home.arpa", 443),
        ] {
            assert!(!scope.covers(&name(other), port), "{other}:{port}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_namespace_scope_covers_whole_labels_of_its_own_namespaces() {
        let home = Namespace::parse("home.arpa").unwrap();
        let scope = Scope::Namespaces(NamespaceScope::new([home]));
        assert!(scope.covers(&name("a.b.home.arpa"), 8443));
        for other in ["nas.local", "nas.alt", "home.arpa.local"] {
            assert!(!scope.covers(&name(other), 443), "{other}");
        }
        assert_eq!(Namespace::parse("arpa"), None);
    }

    #[test]
    #[wasm_bindgen_test]
    fn nothing_covers_nothing() {
        let nas = name("nas.local");
        assert!(!ExactScope::new([nas.clone()], []).covers(&nas, 443));
        assert!(!ExactScope::new([], [443]).covers(&nas, 443));
        assert!(!NamespaceScope::new([]).covers(&nas));
    }
}
