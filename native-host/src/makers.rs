//! What the makers on the user's list come to: a certificate that is to go on it, and the evidence of a
//! device that has proved itself. Pure; the list is in the trust store, and nothing here makes anything
//! trusted.

use rustls_pki_types::{CertificateDer, UnixTime};
use settle_protocol::material::Kind;
use settle_protocol::pairing::client::Granted;
use settle_protocol::rpc::maker::{AddMaker, MakerProblem, MakerStatement};
use settle_transport::anchor::BrokenRule;
use settle_transport::evidence::{EvidenceError, MakerAnchor, Proved, VoucherError, verify};
use settle_transport::import::{ImportError, read_pem};

use crate::trust_store::record::Maker;

/// Why a maker cannot go on the list.
#[derive(Debug, thiserror::Error)]
pub enum UnusableMaker {
    /// Not one certificate.
    #[error(transparent)]
    Certificate(#[from] ImportError),
    /// Not that of an authority by which devices could be verified.
    #[error("this is not the certificate of a maker's authority: {0}")]
    Authority(BrokenRule),
    /// Believed about nothing.
    #[error("it would be believed about no kind of device")]
    NoKind,
}

/// Reads what is to go on the list; `now` in seconds since the Unix epoch.
///
/// # Errors
/// [`UnusableMaker`].
pub fn read(asked: AddMaker, now: u64) -> Result<Maker, UnusableMaker> {
    let certificate = read_pem(&asked.pem)?.certificate;
    MakerAnchor::from_der(&certificate).map_err(UnusableMaker::Authority)?;
    let kinds = [Kind::Device, Kind::Referee].into_iter();
    let kinds: Vec<Kind> = kinds.filter(|kind| asked.kinds.contains(kind)).collect();
    if kinds.is_empty() {
        return Err(UnusableMaker::NoKind);
    }
    Ok(Maker {
        name: asked.name,
        certificate: certificate.to_vec(),
        serial_numbers: asked.serial_numbers,
        kinds,
        added_at: now,
    })
}

/// Judges the evidence of a device: nothing without any, or when no maker on the list is named by it.
/// One maker for whom it holds is enough: a maker may be there with an old and a new certificate.
#[must_use]
pub fn judge(makers: &[Maker], granted: &Granted, now: UnixTime) -> Option<MakerStatement> {
    let mut invalid = None;
    for maker in makers {
        match judge_by(maker, granted, now) {
            Some(valid @ MakerStatement::Valid { .. }) => return Some(valid),
            Some(other @ MakerStatement::Invalid { .. }) => {
                invalid.get_or_insert(other);
            }
            None => {}
        }
    }
    invalid
}

fn judge_by(maker: &Maker, granted: &Granted, now: UnixTime) -> Option<MakerStatement> {
    let presented = granted.evidence.as_ref()?;
    let invalid = |problem, detail| MakerStatement::Invalid {
        maker: maker.name.clone(),
        problem,
        detail,
    };
    let certificate = CertificateDer::from_slice(&maker.certificate);
    let anchor = match MakerAnchor::from_der(&certificate) {
        Ok(anchor) => anchor,
        Err(rule) => {
            // It was usable when it was put on the list.
            tracing::error!(maker = %maker.name, %rule, "a maker's certificate cannot be used");
            return None;
        }
    };
    let proved = Proved {
        root: &granted.root,
        former: &granted.former,
        unique_name: &granted.unique_name,
    };
    let statement = match verify(&anchor, presented, proved, now) {
        Err(EvidenceError::OtherMaker) => return None,
        Err(error) => invalid(problem(&error), error.to_string()),
        Ok(serial_number) if maker.covers(granted.kind, &serial_number) => MakerStatement::Valid {
            maker: maker.name.clone(),
            serial_number,
        },
        Ok(serial_number) => invalid(
            MakerProblem::OutOfScope,
            format!("the serial number {serial_number} is none of those that it is believed about"),
        ),
    };
    tracing::debug!(?statement, "a device showed a maker's statement");
    Some(statement)
}

const fn problem(error: &EvidenceError) -> MakerProblem {
    match error {
        EvidenceError::OutOfTime(_)
        | EvidenceError::Voucher(VoucherError::NotYet | VoucherError::Expired) => {
            MakerProblem::Expired
        }
        EvidenceError::NotPossessed => MakerProblem::NotPossessed,
        EvidenceError::Voucher(
            VoucherError::OtherSerialNumber { .. }
            | VoucherError::OtherIssuer
            | VoucherError::OtherRoot
            | VoucherError::OtherName(_),
        ) => MakerProblem::OtherDevice,
        EvidenceError::OtherMaker
        | EvidenceError::Certificate { .. }
        | EvidenceError::SerialNumbers
        | EvidenceError::SerialNumber(_)
        | EvidenceError::NoAuthorityKey
        | EvidenceError::NotASigner
        | EvidenceError::Cms(_)
        | EvidenceError::Jws(_)
        | EvidenceError::Voucher(
            VoucherError::TooLong(_)
            | VoucherError::Malformed
            | VoucherError::Assertion
            | VoucherError::Nonce
            | VoucherError::RevocationChecks,
        ) => MakerProblem::Broken,
    }
}

#[cfg(test)]
mod tests;
