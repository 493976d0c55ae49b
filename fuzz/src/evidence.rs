//! Bytes of a device that has proved to know the code, as what its maker is to have said: a voucher, a
//! certificate of a device, and that of a maker. Whatever they are, nobody gets another serial number by
//! them than the maker gave.

use std::time::Duration;

use rustls_pki_types::UnixTime;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use settle_protocol::pairing::evidence::{Evidence, Presented, VoucherForm};
use settle_transport::certificate;
use settle_transport::evidence::{MakerAnchor, Proved, serial_number, verify};

/// A maker, one device of it with its signature, and its vouchers; nobody has their private keys.
const MAKER: &[u8] = include_bytes!("../corpus/evidence/seed-maker");
const DEVICE: &[u8] = include_bytes!("../corpus/evidence/seed-device");
const SIGNATURE: &[u8] = include_bytes!("../corpus/evidence/seed-signature");
const CMS: &[u8] = include_bytes!("../corpus/evidence/seed-cms");

/// What the device has signed.
pub const SIGNED: &[u8] = b"an exchange";
/// The root certificate that the vouchers are for.
pub const ROOT: &[u8] = b"a root certificate";
/// The device's.
pub const SERIAL_NUMBER: &str = "SN-0042";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The label that the unique name in the vouchers is made of, with the key that follows.
#[must_use]
pub fn label() -> Label {
    Label::parse("printer").expect("it is one")
}

/// The fingerprint of the root key.
#[must_use]
pub fn root_key() -> KeyFingerprint {
    KeyFingerprint::of_spki(ROOT)
}

/// Takes a voucher of either form, or DER.
pub fn run(data: &[u8]) {
    for form in [VoucherForm::Cms, VoucherForm::Jws] {
        if let Some(found) = judge(MAKER, DEVICE, form, data) {
            assert_eq!(found, SERIAL_NUMBER);
        }
    }
    if judge(MAKER, data, VoucherForm::Cms, CMS).is_some() {
        assert_eq!(data, DEVICE, "another certificate passed for the device's");
    }
    if let Some(found) = judge(data, DEVICE, VoucherForm::Cms, CMS) {
        assert_eq!(found, SERIAL_NUMBER);
        let keys = [data, MAKER].map(certificate::fingerprint);
        assert_eq!(keys[0], keys[1], "another key passed for the maker's");
    }
    if serial_number(data).is_ok() {
        assert!(certificate::fingerprint(data).is_some());
    }
}

/// The serial number of a device for which all of it holds.
#[must_use]
pub fn judge(maker: &[u8], device: &[u8], form: VoucherForm, voucher: &[u8]) -> Option<String> {
    let anchor = MakerAnchor::from_der(&maker.into()).ok()?;
    let presented = Presented {
        evidence: Evidence {
            chain: [device.to_vec().into()].into(),
            form,
            voucher: voucher.to_vec(),
            signature: SIGNATURE.to_vec(),
        },
        signed: SIGNED.to_vec(),
    };
    let proved = Proved {
        root: ROOT,
        former: &[],
        unique_name: &label().unique(&root_key()),
    };
    let now = UnixTime::since_unix_epoch(certificate::not_before(DEVICE)? + DAY);
    let found = verify(&anchor, &presented, proved, now).ok()?;
    Some(found.as_str().to_owned())
}
