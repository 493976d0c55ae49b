//! Whom a portable device answers at all: its certificate would tell who it is to everybody who
//! asks for it, so it is shown only to a ClientHello whose server name proves, once, that a paired
//! client or somebody with a code that admits has made it (docs/pairing.md §11.3).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use settle_protocol::portable::{self, Knock, Nonce, Recognition};

use crate::clock::unix_now;
use crate::identity::Identity;
use crate::register::Register;

/// How many knocks are remembered of each mask, and of the codes; only who has a key can add one.
const REMEMBERED: usize = 4096;

/// The door of one device.
#[derive(Debug)]
pub(crate) struct Door {
    identity: Arc<Identity>,
    register: Arc<Register>,
    knocks: Mutex<Knocks>,
}

#[derive(Debug, Default)]
struct Knocks {
    masks: Vec<(Nonce, Used)>,
    at_codes: Used,
}

/// What was accepted before, the newest last.
#[derive(Debug, Default)]
struct Used(VecDeque<Nonce>);

impl Used {
    /// Whether it is the first of its kind; it is none after this.
    fn is_first(&mut self, knock: &Knock) -> bool {
        if self.0.contains(&knock.fresh) {
            return false;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(knock.fresh);
        true
    }
}

impl Door {
    pub(crate) fn new(identity: Arc<Identity>, register: Arc<Register>) -> Self {
        Self {
            identity,
            register,
            knocks: Mutex::default(),
        }
    }

    /// Takes knocks for a mask, before it is shown.
    pub(super) fn put_on(&self, mask: Nonce) {
        self.lock().masks.push((mask, Used::default()));
    }

    /// Takes none any more for it.
    pub(super) fn take_off(&self, mask: &Nonce) {
        self.lock().masks.retain(|(worn, _)| worn != mask);
    }

    /// Those who may recognize the device: first those with a code that admits, then the clients, the
    /// last one that was paired first.
    pub(super) fn known(&self) -> impl Iterator<Item = Recognition> {
        self.of_codes().chain(self.of_clients())
    }

    fn of_codes(&self) -> impl Iterator<Item = Recognition> + use<> {
        let secrets = self.register.admitting(unix_now()).into_iter();
        secrets.map(|secret| Recognition::of_code(&secret))
    }

    fn of_clients(&self) -> impl Iterator<Item = Recognition> {
        let clients = self.register.clients().into_iter().rev();
        clients.map(|client| {
            let key = portable::discovery_key(self.identity.discovery_key(), &client.key);
            Recognition::of_client(key.expose())
        })
    }

    /// Whether a ClientHello with this server name is answered, to pair or to use the device.
    pub(crate) fn opens(&self, server_name: Option<&str>, to_pair: bool) -> bool {
        let Some(knock) = server_name.and_then(Knock::read) else {
            return false;
        };
        if to_pair {
            let admitted = self.of_codes().any(|code| code.admits(None, &knock));
            return admitted && self.lock().at_codes.is_first(&knock);
        }
        let clients: Vec<Recognition> = self.of_clients().collect();
        let mut knocks = self.lock();
        let mut masks = knocks.masks.iter_mut();
        masks.any(|(mask, used)| {
            clients.iter().any(|key| key.admits(Some(mask), &knock)) && used.is_first(&knock)
        })
    }

    fn lock(&self) -> MutexGuard<'_, Knocks> {
        self.knocks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
