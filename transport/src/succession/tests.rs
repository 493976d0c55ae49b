//! Devices with any number of rollovers, hosts that stopped at any of them, and links that say something
//! else in one point.

use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, GeneralSubtree, IsCa, Issuer, KeyPair,
    NameConstraints,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::scope::ExactScope;

use super::*;
use crate::anchor::{Anchor, AnchorError, Successor};
use crate::certificate::{
    self, PrivateKey, device_authority, device_leaf, device_root, rollover, span,
};

const PORT: u16 = 443;
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A device with all the roots that it ever had.
struct Device {
    names: [LocalName; 2],
    keys: Vec<PrivateKey>,
    roots: Vec<CertificateDer<'static>>,
    links: Vec<Link>,
}

impl Device {
    fn after(rollovers: usize) -> Self {
        let key = PrivateKey::make().unwrap();
        let label = Label::parse("printer").unwrap();
        let names = [label.dot_local(), label.unique(&key.fingerprint())];
        let root = device_root(&key, &names).unwrap();
        let mut device = Self {
            names,
            keys: vec![key],
            roots: vec![root],
            links: Vec::new(),
        };
        for _ in 0..rollovers {
            device.roll();
        }
        device
    }

    fn roll(&mut self) {
        let next = PrivateKey::make().unwrap();
        let made = rollover(self.key(), self.root(), &next, &self.names).unwrap();
        self.keys.push(next);
        self.roots.push(made.root);
        self.links.push(made.link);
    }

    fn key(&self) -> &PrivateKey {
        self.keys.last().unwrap()
    }

    fn root(&self) -> &CertificateDer<'static> {
        self.roots.last().unwrap()
    }

    fn fingerprints(&self) -> Vec<KeyFingerprint> {
        self.keys.iter().map(PrivateKey::fingerprint).collect()
    }

    fn leaf(&self) -> CertificateDer<'static> {
        let key = PrivateKey::make().unwrap();
        let now = SystemTime::now();
        device_leaf(self.key(), self.root(), &key, &self.names, now).unwrap()
    }

    fn shown(&self) -> Vec<CertificateDer<'static>> {
        chain(self.leaf(), self.root(), self.links.iter())
    }

    /// What a host says to a chain that trusts the root of this number.
    fn judge(
        &self,
        trusted: usize,
        shown: &[CertificateDer<'_>],
    ) -> Result<Option<Successor>, AnchorError> {
        self.judge_at(trusted, shown, SystemTime::now())
    }

    fn judge_at(
        &self,
        trusted: usize,
        shown: &[CertificateDer<'_>],
        now: SystemTime,
    ) -> Result<Option<Successor>, AnchorError> {
        let name = &self.names[1];
        let scope = ExactScope::new([name.clone()], [PORT]);
        let anchor = Anchor::device(&self.roots[trusted], scope).unwrap();
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let now = UnixTime::since_unix_epoch(now);
        anchor.follow(&shown[0], &shown[1..], name, PORT, now)
    }

    /// What is wrong with a chain to a host that trusts the root of this number.
    fn broken(&self, trusted: usize, shown: &[CertificateDer<'_>]) -> BrokenLink {
        match self.judge(trusted, shown) {
            Err(AnchorError::Rollover {
                expected, broken, ..
            }) => {
                assert_eq!(expected, self.fingerprints()[trusted]);
                *broken
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The same key, as the generator of certificates has it.
fn pair(key: &PrivateKey) -> KeyPair {
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from(key.expose_pkcs8());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

/// A device after one rollover, whose link has one half made anew after a change.
fn altered(half: usize, change: impl FnOnce(&mut CertificateParams)) -> (Device, BrokenLink) {
    let device = Device::after(1);
    let now = SystemTime::now();
    let mut params = device_authority(&device.names, span(now, YEAR)).unwrap();
    change(&mut params);
    let [old, new] = [0, 1].map(|root| pair(&device.keys[root]));
    let (signer, issuer, subject) = match half {
        0 => (&old, &device.roots[0], &new),
        _ => (&new, &device.roots[1], &old),
    };
    let issuer = Issuer::from_ca_cert_der(issuer, signer).unwrap();
    let mut shown = device.shown();
    shown[2 + half] = params.signed_by(subject, &issuer).unwrap().der().clone();
    let broken = device.broken(0, &shown);
    // In a pairing no clock is asked.
    let walked = former_keys(&Shown::of(&shown[1..]).unwrap());
    assert_eq!(walked.is_ok(), broken == BrokenLink::OutOfTime);
    (device, broken)
}

#[test]
fn a_host_follows_from_whichever_root_it_trusts_to_the_current_one() {
    for rollovers in [1, 3, MAX_LINKS] {
        let device = Device::after(rollovers);
        let (keys, shown) = (device.fingerprints(), device.shown());
        for trusted in 0..rollovers {
            let successor = device.judge(trusted, &shown).unwrap().unwrap();
            assert_eq!(successor.root(), device.root());
            assert_eq!(successor.fingerprint(), keys[rollovers]);
            assert_eq!(successor.former(), &keys[trusted..rollovers]);
        }
        assert!(device.judge(rollovers, &shown).unwrap().is_none());
        let former = former_keys(&Shown::of(&shown[1..]).unwrap()).unwrap();
        assert_eq!(former, keys[..rollovers]);
    }
}

#[test]
fn a_device_without_a_rollover_has_no_former_keys() {
    let device = Device::after(0);
    let shown = device.shown();
    assert!(device.judge(0, &shown).unwrap().is_none());
    let former = former_keys(&Shown::of(&shown[1..]).unwrap()).unwrap();
    assert_eq!(former, []);
}

#[test]
fn more_links_than_a_device_may_have_and_half_a_link_are_refused() {
    let device = Device::after(MAX_LINKS + 1);
    assert_eq!(device.broken(1, &device.shown()), BrokenLink::Count);
    let device = Device::after(1);
    let mut shown = device.shown();
    shown.push(device.roots[0].clone());
    assert_eq!(device.broken(0, &shown), BrokenLink::Count);
}

#[test]
fn a_link_by_another_key_is_refused_in_either_half() {
    let (device, thief) = (Device::after(1), Device::after(1));
    for half in [0, 1] {
        let mut shown = device.shown();
        // The right keys, signed by somebody else.
        let params = device_authority(&device.names, span(SystemTime::now(), YEAR)).unwrap();
        let (other, subject) = (pair(&thief.keys[0]), pair(&device.keys[1 - half]));
        let issuer = Issuer::from_ca_cert_der(&device.roots[half], &other).unwrap();
        shown[2 + half] = params.signed_by(&subject, &issuer).unwrap().der().clone();
        assert_eq!(device.broken(0, &shown), BrokenLink::Signature);
    }
}

#[test]
fn nobody_becomes_a_successor_by_naming_the_trusted_key() {
    let (device, mut thief) = (Device::after(0), Device::after(1));
    // A right link from the thief's own root; its other half claims the device's.
    thief.links[0].old_with_new = {
        let params = device_authority(&device.names, span(SystemTime::now(), YEAR)).unwrap();
        let (theirs, ours) = (pair(&thief.keys[1]), pair(&device.keys[0]));
        let issuer = Issuer::from_ca_cert_der(&thief.roots[1], &theirs).unwrap();
        params.signed_by(&ours, &issuer).unwrap().der().clone()
    };
    let shown = thief.shown();
    let error = device.judge(0, &shown).unwrap_err();
    assert!(matches!(error, AnchorError::Rollover { .. }), "{error:?}");
}

#[test]
fn an_old_key_has_no_say_once_the_host_has_moved_on() {
    let device = Device::after(2);
    // Who has the first root key forks the line there, and knows all that the device ever showed.
    let mut thief = Device {
        names: device.names.clone(),
        keys: vec![PrivateKey::from_pkcs8(device.keys[0].expose_pkcs8()).unwrap()],
        roots: vec![device.roots[0].clone()],
        links: Vec::new(),
    };
    let by_the_old_root = thief.shown();
    thief.roll();
    let forked = thief.shown();
    let mut mixed = device.links[..1].to_vec();
    mixed.extend(thief.links.clone());
    let mixed = chain(thief.leaf(), thief.root(), mixed.iter());
    for shown in [by_the_old_root, forked, mixed] {
        for trusted in [1, 2] {
            let error = device.judge(trusted, &shown).unwrap_err();
            assert!(
                matches!(
                    error,
                    AnchorError::WrongKey { .. } | AnchorError::Rollover { .. }
                ),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_twin_with_a_line_of_its_own_is_a_wrong_key_and_no_rollover() {
    let (device, twin) = (Device::after(1), Device::after(3));
    let error = device.judge(0, &twin.shown()).unwrap_err();
    assert!(matches!(error, AnchorError::WrongKey { .. }), "{error:?}");
}

#[test]
fn links_that_are_left_out_or_exchanged_lead_nowhere() {
    let device = Device::after(3);
    for numbers in [&[0, 2][..], &[0, 2, 1], &[0, 1], &[0]] {
        let links = numbers.iter().map(|number: &usize| &device.links[*number]);
        let shown = chain(device.leaf(), device.root(), links);
        assert_eq!(device.broken(0, &shown), BrokenLink::OtherKey);
    }
    // Halves that stand in each other's place.
    let mut shown = Device::after(1).shown();
    shown.swap(2, 3);
    let former = former_keys(&Shown::of(&shown[1..]).unwrap());
    assert_eq!(former.unwrap_err(), BrokenLink::OtherKey);
}

#[test]
fn a_root_is_not_its_own_successor() {
    let device = Device::after(0);
    let own = device.root().clone();
    let link = Link {
        new_with_old: own.clone(),
        old_with_new: own,
    };
    let shown = chain(device.leaf(), device.root(), std::iter::once(&link));
    let walked = former_keys(&Shown::of(&shown[1..]).unwrap());
    assert_eq!(walked.unwrap_err(), BrokenLink::OtherKey);
    // Whose leaf is by the trusted root needs no link.
    assert!(device.judge(0, &shown).unwrap().is_none());
}

#[test]
fn a_leaf_of_a_root_that_is_not_the_one_at_the_end_is_refused() {
    let device = Device::after(2);
    let mut shown = device.shown();
    shown[0] = {
        let key = PrivateKey::make().unwrap();
        let (by, root) = (&device.keys[1], &device.roots[1]);
        device_leaf(by, root, &key, &device.names, SystemTime::now()).unwrap()
    };
    let error = device.judge(0, &shown).unwrap_err();
    assert!(matches!(error, AnchorError::WrongKey { .. }), "{error:?}");
}

#[test]
fn a_link_is_limited_to_the_very_names_of_the_roots() {
    for half in [0, 1] {
        let (_, broken) = altered(half, |params| params.name_constraints = None);
        assert_eq!(broken, BrokenLink::Constraints);
        let (_, broken) = altered(half, |params| {
            let permitted = GeneralSubtree::DnsName("local".to_owned());
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: vec![permitted],
                excluded_subtrees: Vec::new(),
            });
        });
        assert_eq!(broken, BrokenLink::Constraints);
        // The names of another device, in another device's name.
        let (_, broken) = altered(half, |params| {
            let names = Device::after(0).names;
            *params = device_authority(&names, span(SystemTime::now(), YEAR)).unwrap();
        });
        assert_eq!(broken, BrokenLink::Constraints);
        let (_, broken) = altered(half, |params| {
            params
                .distinguished_name
                .push(DnType::CommonName, "Settle device nas.local");
        });
        assert_eq!(broken, BrokenLink::OtherName);
    }
}

#[test]
fn a_link_admits_no_authority_below_it_and_is_one_itself() {
    for half in [0, 1] {
        let (_, broken) = altered(half, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        });
        assert_eq!(broken, BrokenLink::PathLength);
        let (_, broken) = altered(half, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        });
        assert_eq!(broken, BrokenLink::PathLength);
        let (_, broken) = altered(half, |params| params.is_ca = IsCa::ExplicitNoCa);
        assert!(matches!(broken, BrokenLink::Rule(_)), "{broken:?}");
    }
}

#[test]
fn the_root_at_the_end_has_the_same_limits_as_the_one_at_the_beginning() {
    let device = Device::after(1);
    let own = pair(&device.keys[1]);
    let root = |change: &dyn Fn(&mut CertificateParams)| {
        let mut params = device_authority(&device.names, span(SystemTime::now(), YEAR)).unwrap();
        change(&mut params);
        params.self_signed(&own).unwrap().der().clone()
    };
    let broken = |root: CertificateDer<'static>| {
        let mut shown = device.shown();
        shown[1] = root;
        device.broken(0, &shown)
    };
    let wider = root(&|params| params.name_constraints = None);
    assert_eq!(broken(wider), BrokenLink::Constraints);
    let longer = root(&|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1)));
    assert_eq!(broken(longer), BrokenLink::PathLength);
    // A link is no root: it is signed by another key than its own.
    assert_eq!(
        broken(device.links[0].new_with_old.clone()),
        BrokenLink::Signature
    );
}

#[test]
fn a_link_outside_its_time_leads_nowhere() {
    let (_, broken) = altered(0, |params| {
        params.not_after = (SystemTime::now() - YEAR).into();
    });
    assert_eq!(broken, BrokenLink::OutOfTime);
}

/// Neither clock is asked for anything but whether the root of before has ended.
#[test]
fn a_wrong_clock_on_either_side_costs_no_host_its_device() {
    let device = Device::after(2);
    let shown = device.shown();
    let far = SystemTime::now() + 30 * YEAR;
    for root in [&device.roots[0], device.root()] {
        assert!(certificate::not_after(root).unwrap() > far);
    }
    let before = SystemTime::UNIX_EPOCH + YEAR;
    let successor = device.judge_at(0, &shown, before).unwrap();
    assert_eq!(successor.unwrap().root(), device.root());
}

#[test]
fn no_altered_octet_of_a_link_leads_anywhere() {
    let device = Device::after(1);
    let shown = device.shown();
    for half in [2, 3] {
        for at in 0..shown[half].len() {
            let mut altered = shown.clone();
            let mut der = altered[half].to_vec();
            der[at] ^= 1;
            altered[half] = der.into();
            assert!(device.judge(0, &altered).is_err(), "octet {at} of {half}");
        }
    }
}
