//! What an administrator or the owner changes: clients and their roles, codes to hand on, the window
//! for printed codes, and the audit log, which each change is written together with.
//!
//! Who may is decided before, and looked up again in the moment of the change. The device never loses its last administrator unasked, and an
//! administrator that goes leaves no code behind.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Lifetime;
use settle_protocol::secret::PairingSecret;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Contents, Register, RegisterError, locked};
use crate::audit::{AuditEntry, AuditEvent, By, Head};
use crate::client::Client;
use crate::clock::{steady_now, to_wall, unix_now};
use crate::code::Code;
use crate::role::Role;

/// So many codes that were handed on stand at the same time.
const MAX_HANDED_ON: usize = 8;

/// A client that lost what it had, and what ends the connections that it opened before.
#[derive(Debug)]
#[must_use = "its connections are open until they are cut"]
pub(crate) struct Lessened {
    /// As it is now, or was last.
    pub(crate) client: Client,
    cut: Option<CancellationToken>,
}

impl Lessened {
    /// Ends its connections.
    pub(crate) fn cut(self) {
        if let Some(cut) = self.cut {
            cut.cancel();
        }
    }
}

/// A code for one client, to be handed on.
#[derive(Debug)]
pub(crate) struct HandedOn {
    pub(crate) secret: PairingSecret,
    /// By the steady clock.
    pub(crate) expires_at: Option<u64>,
}

impl Register {
    /// Takes a client off the list and cuts its connections.
    ///
    /// # Errors
    /// As [`Self::take_off`].
    pub(crate) async fn revoke(
        self: &Arc<Self>,
        key: KeyFingerprint,
        by: By,
        without_admin: bool,
    ) -> Result<Option<Client>, RegisterError> {
        let taken = self.take_off(key, by, without_admin).await?;
        Ok(taken.map(|taken| {
            let client = taken.client.clone();
            taken.cut();
            client
        }))
    }

    /// Takes a client off the list: no request of it is answered from here on. `None` when it was not
    /// on it.
    ///
    /// # Errors
    /// [`RegisterError::NotAdmin`], [`RegisterError::LastAdmin`] unless the device may be left without an administrator, and when
    /// the list cannot be written.
    pub(crate) async fn take_off(
        self: &Arc<Self>,
        key: KeyFingerprint,
        by: By,
        without_admin: bool,
    ) -> Result<Option<Lessened>, RegisterError> {
        let removed = self
            .change(move |contents| {
                contents.authorize(&by)?;
                let Some(client) = contents.client(&key).cloned() else {
                    return Ok(None);
                };
                contents.lose_admin(&client, without_admin)?;
                contents.clients.retain(|client| client.key != key);
                let event = AuditEvent::Revoked {
                    client: key,
                    label: client.label.clone(),
                    role: client.role.clone(),
                };
                contents.journal.add(unix_now(), by, event);
                Ok(Some(client))
            })
            .await?;
        locked(&self.seen).remove(&key);
        Ok(removed.map(|client| self.lessened(client)))
    }

    /// Gives a client another role; `None` when it is not on the list.
    ///
    /// # Errors
    /// As [`Self::take_off`].
    pub(crate) async fn set_role(
        self: &Arc<Self>,
        key: KeyFingerprint,
        role: Role,
        by: By,
        without_admin: bool,
    ) -> Result<Option<Lessened>, RegisterError> {
        let changed = self
            .change(move |contents| {
                contents.authorize(&by)?;
                let Some(before) = contents.client(&key).cloned() else {
                    return Ok(None);
                };
                if before.role == role {
                    return Ok(Some((before, false)));
                }
                contents.lose_admin(&before, without_admin)?;
                let after = Client {
                    role,
                    ..before.clone()
                };
                for client in &mut contents.clients {
                    if client.key == key {
                        *client = after.clone();
                    }
                }
                let event = AuditEvent::RoleChanged {
                    client: key,
                    was: before.role,
                    role: after.role.clone(),
                };
                contents.journal.add(unix_now(), by, event);
                Ok(Some((after, true)))
            })
            .await?;
        Ok(changed.map(|(client, changed)| match client.role {
            Role::Guest | Role::Named(_) if changed => self.lessened(client),
            Role::Admin | Role::Guest | Role::Named(_) => Lessened { client, cut: None },
        }))
    }

    /// The list has changed, so `cut_of` gives a new token from here on, or none.
    fn lessened(&self, client: Client) -> Lessened {
        let cut = locked(&self.cuts).remove(&client.key);
        Lessened { client, cut }
    }

    /// Makes a one-time code that gives a role.
    ///
    /// # Errors
    /// [`RegisterError::NotAdmin`], [`RegisterError::ManyCodes`], and when it cannot be written.
    pub(crate) async fn hand_on(
        self: &Arc<Self>,
        role: Role,
        by: By,
        now: u64,
    ) -> Result<HandedOn, RegisterError> {
        let made_by = match by {
            By::Client(key) => Some(key),
            By::Device | By::Button | By::Owner => None,
        };
        self.change(move |contents| {
            contents.authorize(&by)?;
            contents.bury_dead(now);
            let stand = contents.codes.iter().filter(|code| code.role().is_some());
            if stand.filter(|code| code.secret(now).is_some()).count() >= MAX_HANDED_ON {
                return Err(RegisterError::ManyCodes);
            }
            let code = Code::make_for(role.clone(), made_by, now)?;
            let secret = code.secret(now).ok_or(RegisterError::Spent)?;
            let expires_at = code.expires_at();
            contents.codes.push(code);
            let event = AuditEvent::CodeMade {
                role: Some(role),
                lifetime: Lifetime::OneTime,
            };
            contents.journal.add(unix_now(), by, event);
            Ok(HandedOn { secret, expires_at })
        })
        .await
    }

    /// Makes a printed code in the place of an earlier one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn print(self: &Arc<Self>) -> Result<PairingSecret, RegisterError> {
        self.change(|contents| contents.print_code(unix_now()))
            .await
    }

    /// Until when printed codes admit, by the steady clock; `None` when they do not.
    pub(crate) fn window(&self, now: u64) -> Option<u64> {
        let until = self.window.load(Ordering::Relaxed);
        (now < until).then_some(until)
    }

    /// Printed codes admit until then by the steady clock, whoever tried them before.
    ///
    /// # Errors
    /// When it cannot be written; the window is then as it was.
    pub(crate) async fn open_window(
        self: &Arc<Self>,
        until: u64,
        by: By,
    ) -> Result<(), RegisterError> {
        self.change(move |contents| {
            contents.authorize(&by)?;
            contents.codes.iter_mut().for_each(Code::revive);
            let until = to_wall(until);
            let event = AuditEvent::WindowOpened { until };
            contents.journal.add(unix_now(), by, event);
            Ok(())
        })
        .await?;
        self.window.store(until, Ordering::Relaxed);
        // What admits changed once more.
        self.changes.send_replace(());
        Ok(())
    }

    /// Printed codes admit no more, even if that cannot be written into the log; whoever asks, this
    /// only ever closes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn close_window(self: &Arc<Self>, by: By) -> Result<(), RegisterError> {
        if self.window.swap(0, Ordering::Relaxed) <= steady_now() {
            return Ok(());
        }
        self.change(move |contents| {
            let event = AuditEvent::WindowClosed {};
            contents.journal.add(unix_now(), by, event);
            Ok(())
        })
        .await
    }

    /// Writes one thing into the log that changes nothing else.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn tell(self: &Arc<Self>, event: AuditEvent) -> Result<(), RegisterError> {
        self.change(move |contents| {
            contents.note(unix_now(), vec![event]);
            Ok(())
        })
        .await
    }

    /// Writes what was counted and is due; `None` for all of it.
    ///
    /// # Errors
    /// When it cannot be written; it is counted no more then, and the system's log has it.
    pub(crate) async fn tell_counted(
        self: &Arc<Self>,
        due_by: Option<Instant>,
    ) -> Result<(), RegisterError> {
        let told = self.tally.take(due_by);
        if told.is_empty() {
            return Ok(());
        }
        tracing::info!(?told, "refused");
        self.change(move |contents| {
            contents.note(unix_now(), told);
            Ok(())
        })
        .await
    }

    /// The whole log, the oldest entry first, and what is to be signed of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) async fn log(
        self: &Arc<Self>,
        device: KeyFingerprint,
    ) -> Result<(Head, Vec<AuditEntry>), RegisterError> {
        self.exclusively(move |register| {
            let contents = register.contents();
            let entries = contents.journal.all(&register.dir)?;
            Ok((contents.journal.head(device, unix_now()), entries))
        })
        .await
    }

    /// A client asked for something.
    pub(crate) fn saw(&self, key: KeyFingerprint, now: u64) {
        locked(&self.seen).insert(key, now);
    }

    /// When a client asked for something last, since the start.
    pub(crate) fn last_seen(&self, key: &KeyFingerprint) -> Option<u64> {
        locked(&self.seen).get(key).copied()
    }
}

impl Contents {
    /// Looks the asker up in the list that is about to change, so nobody administers a device who is not
    /// on it as administrator, not even for the moment in which another takes that away.
    pub(super) fn authorize(&self, by: &By) -> Result<(), RegisterError> {
        match by {
            By::Device | By::Button | By::Owner => Ok(()),
            By::Client(key) => match self.client(key) {
                Some(client) if client.role == Role::Admin => Ok(()),
                Some(_) | None => Err(RegisterError::NotAdmin),
            },
        }
    }

    /// Makes sure that the client may stop being what it is; its codes die with it.
    fn lose_admin(&mut self, client: &Client, without_admin: bool) -> Result<(), RegisterError> {
        if client.role == Role::Admin && self.admins() < 2 && !without_admin {
            return Err(RegisterError::LastAdmin);
        }
        self.codes.retain(|code| !code.is_made_by(&client.key));
        Ok(())
    }
}
