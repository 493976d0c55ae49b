//! What is served of a real folder, and what of it, or from outside of it, is not.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use http_body_util::BodyExt as _;
use tempfile::TempDir;

use super::*;

struct Scene {
    temp: TempDir,
    folder: Folder,
}

impl Scene {
    /// A folder beside a secret.
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let site = temp.path().join("site");
        fs::create_dir_all(site.join("docs/.git")).unwrap();
        fs::create_dir_all(site.join(".well-known")).unwrap();
        fs::create_dir(site.join("empty")).unwrap();
        for (name, content) in [
            ("site/index.html", "front"),
            ("site/docs/index.html", "docs"),
            ("site/docs/a b.txt", "0123456789"),
            ("site/docs/.git/config", "hidden"),
            ("site/.htpasswd", "hidden"),
            ("site/.well-known/x", "known"),
            ("secret", "secret"),
        ] {
            fs::write(temp.path().join(name), content).unwrap();
        }
        let folder = Folder::open(&site).unwrap();
        Self { temp, folder }
    }

    fn site(&self, name: &str) -> std::path::PathBuf {
        self.temp.path().join("site").join(name)
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = self.ask(Request::get(path)).await;
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn ask(&self, request: http::request::Builder) -> Response<Local> {
        let request = request.body(()).unwrap();
        self.folder.answer(&request, 0).await.unwrap()
    }

    async fn is_not_there(&self, path: &str) {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(!body.contains("secret") && !body.contains("hidden"));
    }
}

#[tokio::test]
async fn files_are_served_and_folders_by_their_index_alone() {
    let scene = Scene::new();
    for (path, content) in [
        ("/", "front"),
        ("/index.html", "front"),
        ("/docs/", "docs"),
        ("/docs/a%20b.txt", "0123456789"),
        ("/.well-known/x", "known"),
    ] {
        let (status, body) = scene.get(path).await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, content), "{path}");
    }
    for path in ["/docs", "/docs?a=b"] {
        let answer = scene.ask(Request::get(path)).await;
        assert_eq!(answer.status(), StatusCode::FOUND);
        let location = path.replace("/docs", "/docs/");
        assert_eq!(answer.headers()[LOCATION], location.as_str());
    }
    for path in [
        "/empty/",
        "/none",
        "/docs/none",
        "/index.html/",
        "/index.html/x",
    ] {
        scene.is_not_there(path).await;
    }
}

#[tokio::test]
async fn no_path_and_no_link_leads_out_and_nothing_hidden_is_shown() {
    let scene = Scene::new();
    symlink("docs/index.html", scene.site("inside")).unwrap();
    assert_eq!(
        scene.get("/inside").await,
        (StatusCode::OK, "docs".to_owned())
    );
    symlink("../secret", scene.site("out")).unwrap();
    symlink(scene.temp.path().join("secret"), scene.site("absolute")).unwrap();
    symlink("..", scene.site("up")).unwrap();
    symlink("/proc/self/root", scene.site("root")).unwrap();
    symlink("loop", scene.site("loop")).unwrap();
    drop(UnixListener::bind(scene.site("socket")).unwrap());
    for path in [
        "/out",
        "/absolute",
        "/up/secret",
        "/root/etc/passwd",
        "/loop",
        "/socket",
        "/../secret",
        "/docs/../../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/docs/..\\..\\secret",
        "/docs/%00",
        "/.htpasswd",
        "/%2ehtpasswd",
        "/docs/.git/config",
        "//etc/passwd",
    ] {
        scene.is_not_there(path).await;
    }
}

#[tokio::test]
async fn a_folder_that_is_swapped_for_a_link_while_it_is_served_leads_nowhere() {
    let scene = Scene::new();
    fs::rename(scene.site("docs"), scene.site("moved")).unwrap();
    symlink(scene.temp.path(), scene.site("docs")).unwrap();
    scene.is_not_there("/docs/secret").await;
}

#[tokio::test]
async fn what_is_known_is_not_sent_again_and_parts_are_parts() {
    let scene = Scene::new();
    let whole = scene.ask(Request::get("/docs/a%20b.txt")).await;
    let tag = whole.headers()[ETAG].clone();
    assert_eq!(whole.headers()[CONTENT_TYPE], "text/plain; charset=utf-8");
    assert_eq!(whole.headers()[CONTENT_LENGTH], "10");
    assert_eq!(whole.headers()[NOSNIFF], "nosniff");
    let known = Request::get("/docs/a%20b.txt").header("if-none-match", tag);
    let known = scene.ask(known).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert!(!known.headers().contains_key(CONTENT_LENGTH));
    let part = Request::get("/docs/a%20b.txt").header("range", "bytes=3-5");
    let part = scene.ask(part).await;
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()[CONTENT_RANGE], "bytes 3-5/10");
    assert_eq!(part.headers()[CONTENT_LENGTH], "3");
    assert_eq!(part.into_body().collect().await.unwrap().to_bytes(), "345");
    let past = Request::get("/docs/a%20b.txt").header("range", "bytes=10-");
    let past = scene.ask(past).await;
    assert_eq!(past.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(past.headers()[CONTENT_RANGE], "bytes */10");
}

#[tokio::test]
async fn a_large_file_is_read_in_pieces_and_one_that_shrinks_breaks_off() {
    let scene = Scene::new();
    let content: Vec<u8> = (0..300_000_u32).map(|at| at.to_be_bytes()[3]).collect();
    fs::write(scene.site("large"), &content).unwrap();
    let answer = scene.ask(Request::get("/large")).await;
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        content
    );
    let answer = scene.ask(Request::get("/large")).await;
    File::options()
        .write(true)
        .open(scene.site("large"))
        .unwrap()
        .set_len(100_000)
        .unwrap();
    assert!(answer.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_folder_is_for_reading() {
    let scene = Scene::new();
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"] {
        let request = Request::builder().method(method).uri("/index.html");
        let answer = scene.ask(request).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
    }
}

#[test]
fn the_place_of_a_folder_is_taken_off_the_path() {
    let inside = |path: &str, mounted| inside(path, mounted).map(|it| (it.path, it.as_folder));
    assert_eq!(inside("/docs/a/b", 1), Some(("a/b".to_owned(), false)));
    assert_eq!(inside("/docs/", 1), Some((".".to_owned(), true)));
    assert_eq!(inside("/docs", 1), Some((".".to_owned(), false)));
    assert_eq!(inside("/docs/a//b/", 1), Some(("a/b".to_owned(), true)));
    assert_eq!(inside("/", 0), Some((".".to_owned(), true)));
}
