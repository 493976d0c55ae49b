//! `openssl cms` takes our vouchers, and we take those that it makes. OpenSSL 3.0 has no Ed25519 in CMS.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use tempfile::TempDir;

use super::maker::{Different, Holder, RIGHT, World};
use crate::evidence::{CmsError, EvidenceError};

const VOUCHER_TYPE: &str = "1.2.840.113549.1.9.16.1.40";

/// A folder with what the program is given.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn certificate(&self, name: &str, holder: &Holder) -> PathBuf {
        let text = BASE64.encode(&holder.certificate);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let body = lines.join("\n");
        let pem = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
        self.write(name, pem.as_bytes())
    }

    /// Runs `openssl cms`; what it wrote, or what it said.
    fn run(&self, arguments: &[&str], files: &[(&str, &Path)]) -> Result<Vec<u8>, String> {
        let output = self.0.path().join("out");
        let mut command = Command::new("openssl");
        command.arg("cms").args(arguments).arg("-out").arg(&output);
        for (name, path) in files {
            command.arg(name).arg(path);
        }
        let said = command.output().unwrap();
        if said.status.success() {
            Ok(fs::read(output).unwrap())
        } else {
            Err(String::from_utf8_lossy(&said.stderr).into_owned())
        }
    }

    /// Lets it sign a content.
    fn sign(&self, holder: &Holder, content: &[u8], more: &[&str]) -> Vec<u8> {
        let content = self.write("content", content);
        let certificate = self.certificate("signer.pem", holder);
        let key = self.write("key.pem", holder.key.serialize_pem().as_bytes());
        let mut arguments = vec!["-sign", "-binary", "-outform", "DER"];
        arguments.extend(more);
        let files = [
            ("-in", content.as_path()),
            ("-signer", &certificate),
            ("-inkey", &key),
        ];
        self.run(&arguments, &files).unwrap()
    }

    /// What it finds in a voucher.
    fn verify(&self, world: &World, voucher: &[u8]) -> Result<Vec<u8>, String> {
        let voucher = self.write("voucher", voucher);
        let maker = self.certificate("maker.pem", &world.authority);
        let arguments = ["-verify", "-binary", "-inform", "DER", "-purpose", "any"];
        self.run(&arguments, &[("-in", &voucher), ("-CAfile", &maker)])
    }
}

#[test]
fn it_takes_our_vouchers_and_no_altered_ones() {
    for algorithm in [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
    ] {
        let world = World::new(Different { algorithm, ..RIGHT });
        let content = world.content(|_| {});
        let voucher = world.cms(&content);
        let folder = Folder::new();
        assert_eq!(folder.verify(&world, &voucher).unwrap(), content);
        let at = voucher
            .windows(8)
            .position(|found| found == b"verified")
            .unwrap();
        let mut altered = voucher;
        altered[at] ^= 1;
        assert!(folder.verify(&world, &altered).is_err());
        let another = World::new(Different { algorithm, ..RIGHT });
        assert!(folder.verify(&another, &world.cms(&content)).is_err());
    }
}

#[test]
fn we_take_the_vouchers_that_it_makes() {
    let attached = ["-nodetach", "-econtent_type", VOUCHER_TYPE];
    for (algorithm, digest) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "sha256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "sha384"),
    ] {
        let world = World::new(Different { algorithm, ..RIGHT });
        let content = world.content(|_| {});
        for more in [&[][..], &["-keyid"], &["-nosmimecap"]] {
            let arguments = [&attached[..], &["-md", digest], more].concat();
            let voucher = Folder::new().sign(&world.signer, &content, &arguments);
            let verdict = world.judge(&world.present(voucher));
            assert!(verdict.is_ok(), "{digest} {more:?}: {verdict:?}");
        }
    }
}

#[test]
fn we_take_none_that_the_profile_leaves_out() {
    let world = World::right();
    let content = world.content(|_| {});
    let cases: [(&[&str], CmsError); 5] = [
        (&["-econtent_type", VOUCHER_TYPE], CmsError::Content),
        (&["-nodetach"], CmsError::Version),
        (
            &["-nodetach", "-econtent_type", VOUCHER_TYPE, "-nocerts"],
            CmsError::Certificates,
        ),
        (
            &["-nodetach", "-econtent_type", VOUCHER_TYPE, "-noattr"],
            CmsError::Attributes,
        ),
        (
            &["-nodetach", "-econtent_type", VOUCHER_TYPE, "-md", "sha512"],
            CmsError::Algorithm,
        ),
    ];
    for (arguments, expected) in cases {
        let voucher = Folder::new().sign(&world.signer, &content, arguments);
        let verdict = world.judge(&world.present(voucher));
        assert_eq!(verdict, Err(EvidenceError::Cms(expected)), "{arguments:?}");
    }
}
