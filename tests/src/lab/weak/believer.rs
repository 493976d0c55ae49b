//! Who believes every voucher (RFC 8366): it finds what one says, in either form, and asks neither who signed it,
//! nor until when it holds, nor which device shows it.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;
use serde_json::{Deserializer, Value};

/// How every voucher begins.
const START: &[u8] = b"{\"ietf-voucher:voucher\"";

/// What a device has of its maker, as its file has it.
#[derive(Deserialize)]
struct Evidence {
    chain: Vec<String>,
    voucher: Sealed,
}

#[derive(Deserialize)]
struct Sealed {
    octets: String,
}

/// RFC 7515 §7.2.1.
#[derive(Deserialize)]
struct Jws {
    payload: String,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(rename = "ietf-voucher:voucher")]
    voucher: Voucher,
}

/// RFC 8366 §5.3.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Voucher {
    serial_number: String,
}

/// Of which maker on a list a device is, and its serial number; `None` when it is of nobody on the list.
///
/// # Panics
/// When a device has no voucher.
#[must_use]
pub fn believe(makers: &[&str], evidence: &Value) -> Option<(String, String)> {
    let evidence = Evidence::deserialize(evidence).expect("evidence");
    let chain: Vec<Vec<u8>> = evidence.chain.iter().map(|one| octets(one)).collect();
    let names = |maker: &&&str| {
        chain
            .iter()
            .any(|one| place(one, maker.as_bytes()).is_some())
    };
    let maker = makers.iter().find(names)?;
    let sealed = octets(&evidence.voucher.octets);
    let content = match serde_json::from_slice::<Jws>(&sealed) {
        Ok(jws) => BASE64URL_NOPAD
            .decode(jws.payload.as_bytes())
            .expect("base64url"),
        Err(_) => sealed,
    };
    let start = place(&content, START).expect("a voucher");
    let content = content.get(start..).expect("a start");
    // Of CMS, the rest is what it does not ask about.
    let said = Deserializer::from_slice(content)
        .into_iter::<Artifact>()
        .next();
    let Artifact { voucher } = said.expect("a voucher").expect("a voucher");
    Some(((*maker).to_owned(), voucher.serial_number))
}

fn octets(text: &str) -> Vec<u8> {
    BASE64.decode(text.as_bytes()).expect("base64")
}

fn place(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|one| one == part)
}
