//! Where requests go, by how their paths are written.

use super::*;

fn url(port: u16) -> UpstreamUrl {
    format!("http://127.0.0.1:{port}").parse().unwrap()
}

/// Places are known by the ports of what is there.
fn routes(places: &[(&str, u16)]) -> Routes {
    let mut upstreams = Upstreams::default();
    for (path, port) in places {
        upstreams = upstreams.mount(path.parse().unwrap(), url(*port)).unwrap();
    }
    Routes::open(&upstreams).unwrap()
}

fn chosen(routes: &Routes, path: &str) -> Result<Option<String>, Unclear> {
    Ok(routes.choose(path)?.map(|route| route.path.to_string()))
}

#[test]
fn the_longest_place_in_whole_segments_has_it() {
    let routes = routes(&[("/", 1), ("/api", 2), ("/api/v2", 3), ("/docs", 4)]);
    for (path, place) in [
        ("/", "/"),
        ("/apis", "/"),
        ("/x/api", "/"),
        ("/api", "/api"),
        ("/api/", "/api"),
        ("/%61pi/jobs", "/api"),
        ("/api/v", "/api"),
        ("/api/v2", "/api/v2"),
        ("/api/v2/jobs/1", "/api/v2"),
        ("/docs/api", "/docs"),
    ] {
        assert_eq!(chosen(&routes, path), Ok(Some(place.to_owned())), "{path}");
    }
}

#[test]
fn what_can_be_read_in_two_ways_goes_to_neither() {
    let routes = routes(&[("/", 1), ("/api", 2), ("/api/v2", 3)]);
    for path in [
        "/api//v2",
        "/API/jobs",
        "/api;v=1/jobs",
        "/api%3fx",
        "/;x/api",
        "/x;//../api",
        "/x/..;/api",
        "/x/%2e%2e/api",
        "/x%2f..%2fapi",
        "/x\\..\\api",
        "/%2561pi",
        "/api%00",
        "//api",
        "/./api",
    ] {
        assert!(chosen(&routes, path).is_err(), "{path}");
    }
}

#[test]
fn where_there_is_one_place_for_all_nothing_is_read() {
    let routes = routes(&[("/", 1)]);
    for path in ["/", "/a/../b", "/API;x", "//x", "/%zz"] {
        assert_eq!(chosen(&routes, path), Ok(Some("/".to_owned())), "{path}");
    }
}

#[test]
fn what_is_below_no_place_goes_nowhere() {
    let routes = routes(&[("/api", 1)]);
    assert_eq!(chosen(&routes, "/"), Ok(None));
    assert_eq!(chosen(&routes, "/apis"), Ok(None));
    assert_eq!(chosen(&routes, "/api"), Ok(Some("/api".to_owned())));
}

#[test]
fn a_place_is_taken_once() {
    let one = Upstreams::from(url(1)).mount("/api".parse().unwrap(), url(2));
    for path in ["/api", "/API", "/"] {
        let again = one.as_ref().unwrap().clone();
        let error = again.mount(path.parse().unwrap(), url(3)).unwrap_err();
        assert!(matches!(error, UpstreamsError::Taken(_)), "{path}");
    }
    let none = Routes::open(&Upstreams::default());
    assert!(matches!(none, Err(UpstreamsError::Empty)));
    let missing = Upstreams::from(PathBuf::from("/nonexistent"));
    let error = Routes::open(&missing).unwrap_err();
    assert!(matches!(error, UpstreamsError::Folder { .. }));
}
