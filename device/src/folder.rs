//! The files of a folder, for reading. Nothing lists it, nothing whose name begins with a dot is
//! served, and nothing leads out of it: the kernel itself resolves each path below the folder, links
//! included (`RESOLVE_BENEATH` of openat2(2)), so there is no moment between looking and opening.

mod body;
mod stand;

use std::fs::{File, Metadata};
use std::io::{self, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, LAST_MODIFIED, LOCATION,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
use rustix::io::Errno;

use self::body::FileBody;
use self::stand::{Stand, Verdict};
use crate::local::{self, Local};
use crate::page;
use crate::policy::RequestPath;
use crate::upstream::ForwardError;

/// What is served for a folder.
const INDEX: &str = "index.html";
/// The one name with a dot that is meant to be read (RFC 8615).
const WELL_KNOWN: &str = ".well-known";
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder(Arc<OwnedFd>);

/// What a path leads to.
enum Found {
    File(File, Metadata),
    Folder,
    Nothing,
}

/// A path inside, and whether it ends as that of a folder does.
#[derive(Debug, Eq, PartialEq)]
struct Inside {
    path: String,
    as_folder: bool,
}

impl Folder {
    /// Opens a folder, and makes sure that the system can keep requests inside.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty())?;
        below(&folder, ".")?;
        Ok(Self(Arc::new(folder)))
    }

    /// Answers a request, of whose path so many segments are not the folder's.
    pub(crate) async fn answer<B>(
        &self,
        request: &Request<B>,
        mounted: usize,
    ) -> Result<Response<Local>, ForwardError> {
        let is_head = request.method() == Method::HEAD;
        if !is_head && request.method() != Method::GET {
            return Ok(not_allowed());
        }
        let uri = request.uri();
        let Some(Inside { path, as_folder }) = inside(uri.path(), mounted) else {
            return Ok(nothing());
        };
        let folder = Arc::clone(&self.0);
        let found = tokio::task::spawn_blocking(move || find(&folder, &path, as_folder));
        match found.await.map_err(|_| ForwardError::Broken)?? {
            Found::Nothing => Ok(nothing()),
            Found::Folder => Ok(to_folder(uri).unwrap_or_else(nothing)),
            Found::File(file, metadata) => {
                let name = match as_folder {
                    true => INDEX,
                    false => uri.path(),
                };
                let stand = Stand::of(&metadata);
                let verdict = stand.judge(request.headers(), !is_head);
                Ok(serve(file, name, &stand, verdict)?)
            }
        }
    }
}

/// Where a path leads inside; `None` where it leads nowhere.
fn inside(path: &str, mounted: usize) -> Option<Inside> {
    let path = RequestPath::parse(path).ok()?;
    let own = path.segments().get(mounted..)?;
    let as_folder = own.last().is_some_and(String::is_empty);
    let own: Vec<&str> = own
        .iter()
        .map(String::as_str)
        .filter(|segment| !segment.is_empty())
        .collect();
    let is_hidden = |segment: &&str| segment.starts_with('.') && *segment != WELL_KNOWN;
    if own.iter().any(is_hidden) {
        return None;
    }
    let path = match own.is_empty() {
        true => ".".to_owned(),
        false => own.join("/"),
    };
    Some(Inside { path, as_folder })
}

fn find(folder: &OwnedFd, path: &str, as_folder: bool) -> io::Result<Found> {
    let found = look(folder, path)?;
    match (found, as_folder) {
        (Found::Folder, true) => match look(folder, &format!("{path}/{INDEX}"))? {
            found @ Found::File(..) => Ok(found),
            Found::Folder | Found::Nothing => Ok(Found::Nothing),
        },
        // Links inside of a page would lead astray.
        (Found::File(..), true) => Ok(Found::Nothing),
        (found, _) => Ok(found),
    }
}

fn look(folder: &OwnedFd, path: &str) -> io::Result<Found> {
    let file = match below(folder, path) {
        Ok(file) => File::from(file),
        // Not there, not for us, or not inside.
        Err(
            Errno::NOENT
            | Errno::NOTDIR
            | Errno::ACCESS
            | Errno::XDEV
            | Errno::LOOP
            | Errno::NAMETOOLONG
            | Errno::NXIO,
        ) => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    let metadata = file.metadata()?;
    Ok(match metadata.file_type() {
        kind if kind.is_file() => Found::File(file, metadata),
        kind if kind.is_dir() => Found::Folder,
        _ => Found::Nothing,
    })
}

fn below(folder: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
    // A pipe is not waited for.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(folder, path, flags, Mode::empty(), resolve)
}

fn serve(
    mut file: File,
    name: &str,
    stand: &Stand,
    verdict: Verdict,
) -> io::Result<Response<Local>> {
    let (status, part) = match verdict {
        Verdict::Whole => (StatusCode::OK, Some((0, stand.length))),
        Verdict::Part { first, last } => {
            let length = (last + 1).saturating_sub(first);
            (StatusCode::PARTIAL_CONTENT, Some((first, length)))
        }
        Verdict::NotModified => (StatusCode::NOT_MODIFIED, None),
        Verdict::Failed => (StatusCode::PRECONDITION_FAILED, None),
        Verdict::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, None),
    };
    let mut answer = match part {
        Some((first, length)) => {
            file.seek(SeekFrom::Start(first))?;
            let mut answer = Response::new(local::body(FileBody::new(file, length)));
            answer.headers_mut().insert(CONTENT_LENGTH, length.into());
            let kind = stand::content_type(name);
            answer.headers_mut().insert(CONTENT_TYPE, kind);
            answer
        }
        None => Response::new(local::body(Empty::new())),
    };
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(ETAG, stand.tag.clone());
    headers.extend(stand.last_modified().map(|date| (LAST_MODIFIED, date)));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Kept, and asked about each time: what the device shows is never older than what it has.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.extend(
        stand
            .content_range(verdict)
            .map(|range| (CONTENT_RANGE, range)),
    );
    Ok(answer)
}

/// The same address with a slash behind it, so that links inside of the page lead there.
fn to_folder(uri: &Uri) -> Option<Response<Local>> {
    let query = uri.query().map(|query| format!("?{query}"));
    let location = format!("{}/{}", uri.path(), query.unwrap_or_default());
    let mut answer = Response::new(local::body(Empty::new()));
    *answer.status_mut() = StatusCode::FOUND;
    let location = HeaderValue::try_from(location).ok()?;
    answer.headers_mut().insert(LOCATION, location);
    Some(answer)
}

fn nothing() -> Response<Local> {
    local::whole(page::nothing_here())
}

fn not_allowed() -> Response<Local> {
    let mut answer = local::whole(page::reading_only());
    let allowed = HeaderValue::from_static("GET, HEAD");
    answer.headers_mut().insert(ALLOW, allowed);
    answer
}

#[cfg(test)]
mod tests;
