//! What makes a device a referee: the root under which it issues for servers that it does not run
//! (docs/pairing.md §12). The device hands the certificate on and has nothing to do with its key.

use rustls_pki_types::CertificateDer;
use settle_protocol::material::Kind;
use settle_transport::succession::Link;

/// A referee's authority, as hosts are told of it.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its root certificate.
    pub root: CertificateDer<'static>,
    /// The links to it from its first root, the oldest first.
    pub links: Vec<Link>,
}

/// What a device is that has an authority, or none.
pub(crate) const fn kind_of(authority: Option<&Authority>) -> Kind {
    match authority {
        Some(_) => Kind::Referee,
        None => Kind::Device,
    }
}
