//! What is behind a device, by path: web interfaces, folders, and the program that embeds it.
//!
//! A request goes to the longest place that it is below, in whole segments. It is read in every way in
//! which the policy reads it, and goes nowhere where they disagree: else it could be judged for one
//! place and arrive at another.

use std::io;
use std::path::PathBuf;

use http::{Request, Response};
use http_body_util::Either;
use hyper::body::Incoming;

use crate::folder::Folder;
use crate::handler::Handler;
use crate::local::Local;
use crate::mount::MountPath;
use crate::policy::{PathError, Reading, RequestPath};
use crate::upstream::{self, Caller, ForwardError, Upstream, UpstreamUrl};

/// Why nothing can be behind a device in this way.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamsError {
    /// There is nothing.
    #[error("there is nothing behind the device: give it an upstream or a folder")]
    Empty,
    /// Two are in one place, or in two that differ by capital letters alone.
    #[error("two upstreams are at {0}")]
    Taken(MountPath),
    /// A folder cannot be opened.
    #[error("cannot use the folder {path}: {source}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// One thing behind a device.
#[derive(Clone, Debug)]
pub enum Target {
    /// A web interface at an address of its own. It gets the whole path, behind its own base.
    Web(UpstreamUrl),
    /// The files of a folder. Its place is taken off the path.
    Folder(PathBuf),
    /// The program itself. It gets the whole path.
    Handler(Handler),
}

impl From<UpstreamUrl> for Target {
    fn from(url: UpstreamUrl) -> Self {
        Self::Web(url)
    }
}

impl From<PathBuf> for Target {
    fn from(folder: PathBuf) -> Self {
        Self::Folder(folder)
    }
}

impl From<Handler> for Target {
    fn from(handler: Handler) -> Self {
        Self::Handler(handler)
    }
}

/// Everything that is behind one device.
///
/// ```
/// use std::path::PathBuf;
///
/// use settle_device::{MountPath, UpstreamUrl, Upstreams};
///
/// let api: UpstreamUrl = "http://127.0.0.1:3000".parse()?;
/// let upstreams = Upstreams::default()
///     .mount("/api".parse()?, api)?
///     .mount(MountPath::root(), PathBuf::from("/srv/www"))?;
/// # drop(upstreams);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Upstreams(Vec<(MountPath, Target)>);

impl<T: Into<Target>> From<T> for Upstreams {
    /// One thing that has it all.
    fn from(target: T) -> Self {
        Self(vec![(MountPath::root(), target.into())])
    }
}

impl Upstreams {
    /// Puts something in its place.
    ///
    /// # Errors
    /// [`UpstreamsError::Taken`].
    pub fn mount(
        mut self,
        path: MountPath,
        target: impl Into<Target>,
    ) -> Result<Self, UpstreamsError> {
        let taken = |(known, _): &(MountPath, Target)| known.folded() == path.folded();
        if self.0.iter().any(taken) {
            return Err(UpstreamsError::Taken(path));
        }
        self.0.push((path, target.into()));
        Ok(self)
    }
}

/// The same, in use.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    path: MountPath,
    folded: Vec<String>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Web(Box<Upstream>),
    Folder(Folder),
    Handler(Handler),
}

/// Why a request has no one place to go to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum Unclear {
    /// Its path has no sure reading.
    #[error("its path cannot be read: {0}")]
    Path(#[from] PathError),
    /// One reading of its path leads here and another there.
    #[error("its path leads to several places")]
    Several,
}

impl Routes {
    /// Opens folders; connections are made when the first request comes.
    pub(crate) fn open(upstreams: &Upstreams) -> Result<Self, UpstreamsError> {
        let Upstreams(mounted) = upstreams;
        if mounted.is_empty() {
            return Err(UpstreamsError::Empty);
        }
        let routes = mounted.iter().map(|(path, target)| {
            Ok(Route {
                folded: path.folded(),
                path: path.clone(),
                place: Place::open(target)?,
            })
        });
        routes.collect::<Result<_, _>>().map(Self)
    }

    /// Has one request answered that may be made; bodies and upgraded connections flow through.
    pub(crate) async fn forward(
        &self,
        request: Request<Incoming>,
        caller: &Caller,
    ) -> Result<Response<Either<Incoming, Local>>, ForwardError> {
        let route = self.choose(request.uri().path()).map_err(|unclear| {
            tracing::debug!(%unclear, "a request has nowhere to go");
            ForwardError::BadRequest
        })?;
        let Route { path, place, .. } = route.ok_or(ForwardError::Nothing)?;
        match place {
            Place::Web(web) => Ok(web.forward(request, caller).await?.map(Either::Left)),
            Place::Folder(folder) => {
                let answer = folder.answer(&request, path.segments().len()).await;
                Ok(answer?.map(Either::Right))
            }
            Place::Handler(handler) => {
                let answer = upstream::handle(handler, request, caller).await;
                Ok(answer?.map(Either::Right))
            }
        }
    }

    fn choose(&self, path: &str) -> Result<Option<&Route>, Unclear> {
        let Self(routes) = self;
        if let [only] = routes.as_slice()
            && only.path.segments().is_empty()
        {
            // There is nothing to confuse; interfaces exist that write strangely.
            return Ok(Some(only));
        }
        let path = RequestPath::parse(path)?;
        let mut places = path.readings().map(|reading| self.longest(&reading));
        let first = places.next().flatten();
        match places.all(|place| place == first) {
            true => Ok(first.and_then(|index| routes.get(index))),
            false => Err(Unclear::Several),
        }
    }

    fn longest(&self, reading: &Reading) -> Option<usize> {
        let below = self.0.iter().enumerate().filter(|(_, route)| {
            reading.is_below(match reading.folded {
                true => &route.folded,
                false => route.path.segments(),
            })
        });
        let longest = below.max_by_key(|(_, route)| route.path.segments().len());
        longest.map(|(index, _)| index)
    }
}

impl Place {
    fn open(target: &Target) -> Result<Self, UpstreamsError> {
        Ok(match target {
            Target::Web(url) => Self::Web(Box::new(Upstream::new(url.clone()))),
            Target::Handler(handler) => Self::Handler(handler.clone()),
            Target::Folder(path) => {
                let opened = Folder::open(path).map_err(|source| UpstreamsError::Folder {
                    path: path.clone(),
                    source,
                });
                Self::Folder(opened?)
            }
        })
    }
}

#[cfg(test)]
mod tests;
