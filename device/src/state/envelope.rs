//! A first line before a state file's content: what it is, its version, and a checksum.
//!
//! The checksum finds damage. It is no seal: who can write the directory owns the device.

use std::path::Path;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Kind, StateError};

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    Damaged(&'static str),
    Newer(u32),
}

impl Fault {
    pub(super) fn at(self, path: &Path, kind: Kind) -> StateError {
        let path = path.to_path_buf();
        match self {
            Self::Damaged(why) => StateError::Damaged { path, why },
            Self::Newer(found) => StateError::Newer {
                path,
                found,
                known: kind.version,
            },
        }
    }
}

pub(super) fn seal(body: &[u8], kind: Kind) -> Zeroizing<Vec<u8>> {
    let head = format!(
        "settle-device {} {} {}\n",
        kind.name,
        kind.version,
        checksum(kind.name, kind.version, body)
    );
    let mut sealed = Zeroizing::new(Vec::with_capacity(head.len() + body.len()));
    sealed.extend_from_slice(head.as_bytes());
    sealed.extend_from_slice(body);
    sealed
}

pub(super) fn open(sealed: &[u8], kind: Kind) -> Result<&[u8], Fault> {
    let no_state_file = || Fault::Damaged("its first line is not a state file's");
    let end = sealed
        .iter()
        .position(|byte| *byte == b'\n')
        .ok_or_else(no_state_file)?;
    let (head, body) = sealed.split_at_checked(end).ok_or_else(no_state_file)?;
    let body = body.get(1..).ok_or_else(no_state_file)?;
    let head = std::str::from_utf8(head).map_err(|_| no_state_file())?;
    let fields: Vec<&str> = head.split(' ').collect();
    let ["settle-device", name, version, sum] = fields.as_slice() else {
        return Err(no_state_file());
    };
    let version: u32 = version.parse().map_err(|_| no_state_file())?;
    if *name != kind.name {
        return Err(no_state_file());
    }
    if *sum != checksum(name, version, body) {
        return Err(Fault::Damaged("its checksum does not match its content"));
    }
    // What an earlier version wrote, its content's type still reads.
    if version > kind.version {
        return Err(Fault::Newer(version));
    }
    Ok(body)
}

fn checksum(name: &str, version: u32, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{name} {version}\n"));
    hash.update(body);
    HEXLOWER.encode(&hash.finalize())
}
