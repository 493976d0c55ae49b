//! The trusted devices by their identifiers. Encoded as an array of records.

use std::collections::BTreeMap;
use std::sync::Arc;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder, Write};
use minicbor::{Decode, Encode};

use super::TrustedDevice;

/// A set of records that are shared with whoever looks at them.
#[derive(Clone, Debug, Default)]
pub struct Devices(BTreeMap<String, Arc<TrustedDevice>>);

impl Devices {
    /// The device of an identifier.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<TrustedDevice>> {
        self.0.get(id)
    }

    /// All of them, in the order of identifiers.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<TrustedDevice>> {
        self.0.values()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a record, in the place of one with the same identifier.
    pub(in crate::trust_store) fn insert(&mut self, device: TrustedDevice) {
        self.0.insert(device.id.clone(), Arc::new(device));
    }

    /// Takes a record out.
    pub(in crate::trust_store) fn remove(&mut self, id: &str) -> Option<Arc<TrustedDevice>> {
        self.0.remove(id)
    }

    /// Keeps those of which this is true.
    pub(in crate::trust_store) fn retain(&mut self, keep: impl Fn(&TrustedDevice) -> bool) {
        self.0.retain(|_, device| keep(device));
    }

    /// Changes a record, of which others may still hold the former state.
    pub(in crate::trust_store) fn change(
        &mut self,
        id: &str,
        change: impl FnOnce(&mut TrustedDevice),
    ) {
        if let Some(device) = self.0.get_mut(id) {
            change(Arc::make_mut(device));
        }
    }
}

impl<C> Encode<C> for Devices {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.array(self.0.len() as u64)?;
        for device in self.iter() {
            device.as_ref().encode(e, context)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Devices {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, decode::Error> {
        let mut devices = Self::default();
        for device in d.array_iter_with(context)? {
            devices.insert(device?);
        }
        Ok(devices)
    }
}
