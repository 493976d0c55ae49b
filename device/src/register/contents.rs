//! What the register's file holds, and the rules that can be read off it.

use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::Lifetime;
use settle_protocol::secret::PairingSecret;
use settle_transport::certificate;

use super::RegisterError;
use crate::audit::{self, AuditEvent, By, Journal};
use crate::client::Client;
use crate::code::{Code, CodeId, is_worth_showing};
use crate::role::Role;
use crate::state::{Kind, StateDir, StateError};

pub(super) const FILE: Kind = Kind {
    name: "register",
    version: 1,
};

/// What the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    pub(super) clients: Vec<Client>,
    pub(super) codes: Vec<Code>,
    #[serde(default)]
    pub(super) journal: Journal,
    /// Of how many rollovers the log tells.
    #[serde(default)]
    pub(super) rollovers: usize,
}

impl Contents {
    /// Reads the file; `None` when there is none.
    pub(crate) fn load(dir: &StateDir) -> Result<Option<Self>, StateError> {
        dir.load(FILE)
    }

    /// Writes the empty register of a new device.
    pub(crate) fn make(dir: &StateDir) -> Result<Self, StateError> {
        let mut contents = Self::default();
        contents.store(dir)?;
        Ok(contents)
    }

    /// Writes that of a device that was reset, whose log says so and nothing of before.
    pub(crate) fn make_after_reset(dir: &StateDir, now: u64) -> Result<Self, StateError> {
        let mut contents = Self::default();
        contents.journal.add(now, By::Owner, AuditEvent::Reset {});
        contents.store(dir)?;
        Ok(contents)
    }

    /// Writes it, with what the log has to tell since the last write.
    pub(crate) fn store(&mut self, dir: &StateDir) -> Result<(), StateError> {
        self.journal.make_room(dir)?;
        dir.store(FILE, self)
    }

    /// Takes up after a start what an earlier one left: the audit log, and codes as far as it can be
    /// said how old they are.
    pub(crate) fn take_up(&mut self, dir: &StateDir, now: u64) -> Result<(), StateError> {
        if !certificate::is_plausible(UNIX_EPOCH + Duration::from_secs(now)) {
            self.codes
                .retain(|code| code.lifetime() == Lifetime::Printed);
        }
        audit::restore(&mut self.journal, dir, now)
    }

    /// The error when there should be a register.
    pub(crate) fn missing(dir: &StateDir) -> StateError {
        StateError::Missing(dir.path_of(FILE))
    }

    /// Puts what was counted into the log.
    pub(super) fn note(&mut self, now: u64, told: Vec<AuditEvent>) {
        for event in told {
            self.journal.add(now, By::Device, event);
        }
    }

    /// Draws a printed code in the place of an earlier one.
    pub(crate) fn print_code(&mut self, now: u64) -> Result<PairingSecret, RegisterError> {
        let code = Code::make(Lifetime::Printed, now)?;
        let secret = code.secret(now).ok_or(RegisterError::Spent)?;
        self.codes.retain(|old| old.lifetime() != Lifetime::Printed);
        self.codes.push(code);
        let event = AuditEvent::CodeMade {
            role: None,
            lifetime: Lifetime::Printed,
        };
        self.journal.add(now, By::Owner, event);
        Ok(secret)
    }

    /// The newest code to be shown on a screen that admits now, and when it ends by the clock of `now`;
    /// those that give a role are for whoever asked for them.
    pub(crate) fn on_screen(&self, now: u64) -> Option<(PairingSecret, u64)> {
        self.codes.iter().rev().find_map(|code| match code.role() {
            Some(_) => None,
            None => Some((code.secret(now)?, code.expires_at()?)),
        })
    }

    /// What the first start of a device will show, and find again: a code that stands for a while yet,
    /// or a new one; none once somebody has paired.
    pub(crate) fn first_code(
        &mut self,
        now: u64,
    ) -> Result<Option<(PairingSecret, u64)>, RegisterError> {
        if self.has_clients() {
            return Ok(None);
        }
        let standing = self.on_screen(now);
        if let Some(code) = standing.filter(|(_, end)| is_worth_showing(*end, now)) {
            return Ok(Some(code));
        }
        self.bury_dead(now);
        self.codes.push(Code::make(Lifetime::OneTime, now)?);
        Ok(self.on_screen(now))
    }

    /// Whether anybody relies on this device.
    pub(crate) const fn has_clients(&self) -> bool {
        !self.clients.is_empty()
    }

    pub(super) fn client(&self, key: &KeyFingerprint) -> Option<&Client> {
        self.clients.iter().find(|client| client.key == *key)
    }

    /// The first client becomes administrator, later ones guests, unless the code says more; a client
    /// that pairs again keeps its role but for what the code says, which demotes no administrator.
    pub(super) fn role_for(&self, key: &KeyFingerprint, code: CodeId) -> Role {
        let of_code = self.code(code).and_then(Code::role);
        match (self.client(key), of_code) {
            (Some(known), _) if known.role == Role::Admin => Role::Admin,
            (_, Some(role)) => role.clone(),
            (Some(known), None) => known.role.clone(),
            (None, None) if self.has_admin() => Role::Guest,
            (None, None) => Role::Admin,
        }
    }

    /// Spends a one-time code and adds its client.
    pub(super) fn record(&mut self, id: CodeId, client: Client) -> Result<(), RegisterError> {
        let code = self.code(id).ok_or(RegisterError::Spent)?;
        let is_one_time = code.lifetime() == Lifetime::OneTime;
        // What was granted must still be what it would get, or less.
        if client.role != Role::Guest && client.role != self.role_for(&client.key, id) {
            return Err(RegisterError::RoleTaken);
        }
        if is_one_time {
            self.codes.retain(|code| !code.is(id));
        }
        self.clients.retain(|known| known.key != client.key);
        let event = AuditEvent::Paired {
            client: client.key,
            label: client.label.clone(),
            role: client.role.clone(),
        };
        self.journal.add(client.paired_at, By::Device, event);
        self.clients.push(client);
        Ok(())
    }

    /// Whether a client with this code may come in now. Codes on a screen are shown to be used; a
    /// sticker can be read by every visitor, so it admits only while there is no administrator or a
    /// window is open.
    pub(super) fn admits(&self, code: &Code, window_open: bool) -> bool {
        match code.lifetime() {
            Lifetime::OneTime => true,
            Lifetime::Printed => window_open || !self.has_admin(),
        }
    }

    fn has_admin(&self) -> bool {
        self.admins() > 0
    }

    /// How many administrators there are.
    pub(super) fn admins(&self) -> usize {
        let admins = self
            .clients
            .iter()
            .filter(|client| client.role == Role::Admin);
        admins.count()
    }

    /// Wipes the secrets of dead codes, and forgets those that nobody has a use for.
    pub(super) fn bury_dead(&mut self, now: u64) {
        self.codes.retain(|code| code.is_kept(now));
        for code in &mut self.codes {
            code.bury(now);
        }
    }

    pub(super) fn code(&self, id: CodeId) -> Option<&Code> {
        self.codes.iter().find(|code| code.is(id))
    }

    pub(super) fn code_mut(&mut self, id: CodeId) -> Option<&mut Code> {
        self.codes.iter_mut().find(|code| code.is(id))
    }
}
