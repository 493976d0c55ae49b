//! Policies as owners write them, and requests that try to get around them.

use super::*;

const HOUSE: &str = r#"
roles = ["resident", "operator"]
otherwise = "admin"

[[rule]]
path = "/settings"
role = "operator"

[[rule]]
path = "/jobs/own"
methods = ["GET", "POST", "DELETE", "WEBSOCKET"]
role = "guest"

[[rule]]
path = "/jobs"
role = "resident"

[[rule]]
path = "/"
exact = true
methods = ["GET"]
role = "guest"
"#;

fn house() -> Policy {
    HOUSE.parse().unwrap()
}

fn role(word: &str) -> Role {
    word.parse().unwrap()
}

fn get() -> Action {
    Action::Method(Method::GET)
}

fn may(policy: &Policy, who: &str, action: &Action, path: &str) -> bool {
    policy.judge(&role(who), action, path).is_ok()
}

#[test]
fn each_role_may_what_it_and_those_below_it_may() {
    let policy = house();
    for (path, least) in [
        ("/", 0),
        ("/jobs/own/7", 0),
        ("/jobs", 1),
        ("/jobs/all", 1),
        ("/settings/net", 2),
        ("/other", 3),
    ] {
        for (rank, who) in ["guest", "resident", "operator", "admin"]
            .iter()
            .enumerate()
        {
            assert_eq!(
                may(&policy, who, &get(), path),
                rank >= least,
                "{who} {path}"
            );
        }
    }
}

#[test]
fn a_rule_for_a_method_is_for_no_other() {
    let policy = house();
    let own = "/jobs/own";
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
        assert!(may(&policy, "guest", &Action::Method(method), own));
    }
    assert!(may(&policy, "guest", &Action::WebSocket, own));
    assert!(!may(&policy, "guest", &Action::Method(Method::PUT), own));
    assert!(may(&policy, "guest", &Action::Method(Method::HEAD), "/"));
    assert!(!may(&policy, "guest", &Action::Method(Method::POST), "/"));
    // Reads as much as it writes.
    assert!(!may(&policy, "guest", &Action::WebSocket, "/"));
    // A method of that name is no WebSocket.
    let named = Action::Method(Method::from_bytes(b"WEBSOCKET").unwrap());
    assert!(!may(&policy, "guest", &named, own));
    let small = Action::Method(Method::from_bytes(b"get").unwrap());
    assert_eq!(policy.judge(&Role::Guest, &small, "/"), Err(Denied::Method));
}

#[test]
fn no_spelling_of_a_path_leads_out_of_what_is_closed() {
    let open: Policy = "otherwise = 'guest'\n[[rule]]\npath = '/admin'\nrole = 'admin'"
        .parse()
        .unwrap();
    for path in [
        "/admin",
        "/admin/",
        "/admin/x",
        "/ADMIN",
        "/aDmin/x",
        "/%61dmin",
        "/%41DMIN",
        "/admin;x=1",
        "/admin;/x",
        "/;x/admin",
        "/%61dmin;x",
        "/admin%3f",
        "/admin%3Fx/../y",
        "/admin%23x",
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x/%2e%2e/admin",
        "/x/%2E./admin",
        "/x/..;/admin",
        "/x/..%3b/admin",
        "/x%2f..%2fadmin",
        "/x/..%2fadmin",
        "/x/..%5cadmin",
        "/x/..\\admin",
        "/%2561dmin",
        "/%252fadmin",
        "/admin%00",
        "/admin%2f",
        "/x/%c0%ae%c0%ae/admin",
    ] {
        assert!(!may(&open, "guest", &get(), path), "{path}");
        assert!(may(&open, "admin", &get(), path), "{path}");
    }
}

#[test]
fn no_spelling_of_a_path_leads_into_what_is_open() {
    let closed: Policy = "otherwise = 'admin'\n[[rule]]\npath = '/pub'\nrole = 'guest'"
        .parse()
        .unwrap();
    for path in [
        "/",
        "/x",
        "/PUB",
        "/public",
        "/pub/../x",
        "/pub/%2e%2e/x",
        "/pub/..;/x",
        "/pub/..%2fx",
        "/pub%2f..%2fx",
        "/pub/..\\x",
        "//pub",
        "/x//pub",
        "/pub%",
        "/pub/%2e",
        "/pub/..%20/x",
        "/pub;/%2e%2e/x",
    ] {
        assert!(!may(&closed, "guest", &get(), path), "{path}");
    }
    for path in [
        "/pub",
        "/pub/",
        "/pub/x",
        "/pub/X",
        "/pub//x",
        "/%70ub/men%C3%BC",
        "/pub/100%25",
    ] {
        assert!(may(&closed, "guest", &get(), path), "{path}");
    }
}

#[test]
fn no_spelling_takes_a_path_out_of_an_inner_rule() {
    let inner: Policy = "otherwise = 'admin'\n[[rule]]\npath = '/pub/secret'\nrole = 'admin'\n\
                         [[rule]]\npath = '/pub'\nrole = 'guest'"
        .parse()
        .unwrap();
    for path in [
        "/pub/secret",
        "/pub//secret",
        "/pub/Secret",
        "/pub/;/secret",
        "/pub/secret;x",
    ] {
        assert!(!may(&inner, "guest", &get(), path), "{path}");
    }
    assert!(may(&inner, "guest", &get(), "/pub/secrets"));
}

#[test]
fn without_a_file_every_paired_client_may_use_the_interface() {
    let policy = Policy::default();
    for path in ["/", "//strange/../path%2f"] {
        assert!(may(&policy, "guest", &get(), path));
    }
}

#[test]
fn a_role_that_the_policy_no_longer_knows_is_a_guests() {
    let policy = house();
    assert_eq!(policy.effective(&role("janitor")), Role::Guest);
    assert_eq!(policy.effective(&role("operator")), role("operator"));
    assert!(!may(&policy, "janitor", &get(), "/jobs"));
}

fn fault(text: &str) -> (usize, PolicyFault) {
    let error = text.parse::<Policy>().unwrap_err();
    (error.line, error.fault)
}

#[test]
fn what_is_wrong_with_a_policy_is_said_with_its_line() {
    use PolicyFault as F;
    assert_eq!(fault("roles = []"), (1, F::NoOtherwise));
    for (text, line, named) in [
        ("otherwise = 'guest'\nwhat = 1", 2, "what"),
        (
            "otherwise = 'guest'\n[[rule]]\npath = '/'\nrole = 'guest'\nfor = 'x'",
            5,
            "for",
        ),
        ("otherwise = 'guest'\n[[rule]]\nrole = 'guest'", 2, "path"),
        ("otherwise = 'guest\n", 1, ""),
        ("otherwise = 7", 1, "integer"),
    ] {
        let (at, F::Syntax(message)) = fault(text) else {
            panic!("{text}");
        };
        assert_eq!(at, line, "{text}: {message}");
        assert!(message.contains(named), "{message}");
    }
    assert_eq!(
        fault("otherwise = 'owner'"),
        (1, F::UnknownRole(role("owner")))
    );
    assert_eq!(
        fault("roles = ['a',\n'guest']\notherwise = 'a'"),
        (2, F::RoleTwice(Role::Guest))
    );
    assert!(matches!(fault("roles = ['A']"), (1, F::BadRole { .. })));
    let with = |rule: &str| fault(&format!("otherwise = 'guest'\n[[rule]]\n{rule}"));
    for path in ["x", "/a/", "//a", "/a/../b", "/a%2fb", "/a;b", "/a%3fb", ""] {
        let (line, found) = with(&format!("role = 'admin'\npath = '{path}'"));
        assert!(
            matches!(found, F::Path { .. }) && line == 4,
            "{path}: {found}"
        );
    }
    assert_eq!(
        with("path = '/'\nrole = 'admin'\nmethods = []"),
        (5, F::NoMethods)
    );
    for method in ["get", "GET ", "CONNECT", ""] {
        let (line, found) = with(&format!(
            "path = '/'\nrole = 'admin'\nmethods = ['{method}']"
        ));
        assert_eq!((line, found), (5, F::Method(method.to_owned())));
    }
    let shadowed = "path = '/a'\nrole = 'admin'\n[[rule]]\npath = '/a/b'\nrole = 'guest'";
    assert_eq!(with(shadowed), (6, F::Shadowed("/a/b".to_owned())));
}

#[test]
fn a_rule_that_others_leave_something_to_is_kept() {
    let policy = "otherwise = 'admin'\n\
                  [[rule]]\npath = '/a'\nmethods = ['GET']\nrole = 'guest'\n\
                  [[rule]]\npath = '/a'\nexact = true\nmethods = ['POST']\nrole = 'guest'\n\
                  [[rule]]\npath = '/a'\nmethods = ['GET', 'POST']\nrole = 'admin'";
    let policy: Policy = policy.parse().unwrap();
    assert!(may(&policy, "guest", &Action::Method(Method::POST), "/a/"));
    assert!(!may(
        &policy,
        "guest",
        &Action::Method(Method::POST),
        "/a/b"
    ));
}
