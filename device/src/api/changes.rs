//! What administrators and the owner change by the API, once it is read and they may.

use std::time::Duration;

use http::{Response, StatusCode};
use http_body_util::Full;
use settle_protocol::fingerprint::KeyFingerprint;
use tokio::time::sleep;

use super::answers::{Anchor, Code, Listed, Window};
use super::asked::{CodeWanted, RoleWanted, RolloverWanted, Taking, WindowWanted};
use super::problem::Problem;
use super::{Answer, Api, Asker, sealed, with_status};
use crate::address;
use crate::audit::By;
use crate::authority;
use crate::clock::{steady_now, to_wall};
use crate::event::Event;
use crate::register::Lessened;
use crate::role::Role;
use crate::shown::{self, Place};

/// How long who takes its own rights away still has its connection, to hear that it worked.
const LAST_ANSWER: Duration = Duration::from_secs(1);
/// How long a window stands that does not say, in seconds.
const WINDOW: u64 = 2 * 60;
/// How long a window can stand at most, in seconds.
const MAX_WINDOW: u64 = 60 * 60;

impl Api {
    pub(super) async fn set_role(
        &self,
        key: KeyFingerprint,
        wanted: RoleWanted,
        asker: Asker,
    ) -> Result<Listed, Problem> {
        let role = self.known(wanted.role)?;
        let by = asker.by.clone();
        let without_admin = wanted.leave_without_admin;
        let changed = self.register.set_role(key, role, by, without_admin).await?;
        let changed = changed.ok_or(Problem::UnknownClient)?;
        let listed = self.listed(changed.client.clone());
        cut(changed, &asker);
        Ok(listed)
    }

    pub(super) async fn take_off(
        &self,
        key: KeyFingerprint,
        taking: &Taking,
        asker: Asker,
    ) -> Result<Answer, Problem> {
        let (by, without_admin) = (asker.by.clone(), taking.leave_without_admin);
        let taken = self.register.take_off(key, by, without_admin).await?;
        cut(taken.ok_or(Problem::UnknownClient)?, &asker);
        let nothing = Response::new(Full::default());
        Ok(sealed(with_status(nothing, StatusCode::NO_CONTENT)))
    }

    pub(super) async fn make_code(
        &self,
        wanted: CodeWanted,
        asker: Asker,
    ) -> Result<Code, Problem> {
        let now = steady_now();
        let (secret, expires_at, role) = match wanted {
            CodeWanted::OneTime { role } => {
                let role = self.known(role)?;
                let made = self.register.hand_on(role.clone(), asker.by, now).await?;
                (made.secret, made.expires_at, Some(role))
            }
            CodeWanted::Printed {} if asker.by == By::Owner => {
                (self.register.print().await?, None, None)
            }
            CodeWanted::Printed {} => return Err(Problem::OwnerOnly),
        };
        let place = Place {
            kind: authority::kind_of(self.authority.as_deref()),
            port: self.port,
            // A sticker outlives every address.
            addresses: match (expires_at, self.listener) {
                (Some(_), Some(listener)) => address::hints(listener),
                (None, _) | (_, None) => Vec::new(),
            },
        };
        let shown = shown::show(&self.identity.get(), place, secret, expires_at, None);
        let shown = shown.map_err(|_| Problem::Failed)?;
        Ok(Code { shown, role })
    }

    pub(super) async fn set_window(
        &self,
        wanted: WindowWanted,
        asker: Asker,
    ) -> Result<Window, Problem> {
        if wanted.open {
            let seconds = wanted.seconds.unwrap_or(WINDOW);
            if !(1..=MAX_WINDOW).contains(&seconds) {
                let allowed = format!("a window stands for 1 to {MAX_WINDOW} seconds");
                return Err(Problem::Malformed(allowed));
            }
            let until = steady_now().saturating_add(seconds);
            self.register.open_window(until, asker.by).await?;
            let until = to_wall(until);
            self.notices.mention(Event::WindowOpened { until });
        } else {
            self.register.close_window(asker.by).await?;
        }
        Ok(self.window())
    }

    /// Puts a new root key in the place of the one that the asker knows.
    pub(super) async fn roll_over(
        &self,
        wanted: &RolloverWanted,
        asker: Asker,
    ) -> Result<Anchor, Problem> {
        let rolled = self
            .register
            .roll_over(&self.identity, wanted.replaces, asker.by);
        rolled.await?;
        Ok(self.anchor())
    }

    fn known(&self, role: Role) -> Result<Role, Problem> {
        match self.policy.knows(&role) {
            true => Ok(role),
            false => Err(Problem::UnknownRole(self.policy.words())),
        }
    }
}

/// Ends what a client opened with rights that it no longer has; not before it has heard so itself.
fn cut(lessened: Lessened, asker: &Asker) {
    if asker.by != By::Client(lessened.client.key) {
        lessened.cut();
        return;
    }
    tokio::spawn(async move {
        sleep(LAST_ANSWER).await;
        lessened.cut();
    });
}
