//! Asks NSS itself, by each browser's own database, whether it accepts the proxy's certificate.

use super::{Check, INSTALL};
use crate::install::authorities::Authorities;
use crate::install::nss::{self, Held, NssError, Store};
use crate::paths::Paths;

/// Checks every store in use that is `asked` for; `server` is what the proxy shows, if it answered.
pub(super) fn check(
    wanted: &Authorities,
    server: Option<&str>,
    asked: impl Fn(&Store) -> bool,
    paths: &Paths,
) -> Vec<Check> {
    let stores = nss::stores(paths);
    let checks = stores.iter().filter(|store| asked(store)).map(|store| {
        let what = format!("the proxy's certificate is accepted by {}", who(store));
        let found = holds(store, wanted);
        match (found, server) {
            (Ok(()), Some(server)) => {
                let judged = nss::judge(&store.database, server);
                let judged = judged
                    .map_err(|error| error.to_string())
                    .and_then(|judged| {
                        judged.map_err(|why| format!("{} says: {why}", store.database.display()))
                    });
                Check::new(what, judged, INSTALL)
            }
            (Ok(()), None) => Check::unchecked(what, "the proxy does not answer"),
            (Err((problem, next)), _) => Check::new(what, Err(problem), next),
        }
    });
    checks.collect()
}

/// A profile is told from the others by its folder.
fn who(store: &Store) -> String {
    let profile = store.database.file_name().unwrap_or_default();
    if profile == "nssdb" {
        return store.browsers.to_owned();
    }
    format!("{} ({})", store.browsers, profile.display())
}

fn holds(store: &Store, wanted: &Authorities) -> Result<(), (String, &'static str)> {
    let there = store.database.display();
    match nss::holds(&store.database, wanted) {
        Ok(Held::All) => Ok(()),
        Ok(Held::NoNext) => Err((
            format!("{there} lacks the certificate of the authority that will sign next"),
            INSTALL,
        )),
        Ok(Held::Older) => Err((
            format!("{there} has the certificate of an older authority of Settle's"),
            INSTALL,
        )),
        Ok(Held::Nothing) => Err((format!("the certificate is not in {there}"), INSTALL)),
        Err(error @ NssError::Missing) => {
            Err((error.to_string(), "install certutil, then: settle doctor"))
        }
        Err(
            error @ (NssError::Run(_)
            | NssError::Stuck { .. }
            | NssError::Failed { .. }
            | NssError::NoCertificate),
        ) => Err((error.to_string(), "close the browser, then: settle doctor")),
    }
}
