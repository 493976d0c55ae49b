//! Every rule by a certificate that breaks it alone, and by one that keeps it.

mod authority;
mod constraints;
mod device;
mod handshake;
mod leaf;
mod maker;
mod openssl;
mod pin;
mod pkits;
mod scope;
mod subject;
mod torture;
