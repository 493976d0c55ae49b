#![no_main]
#![allow(
    missing_docs,
    clippy::allow_attributes,
    reason = "a start for libFuzzer, nothing else"
)]

libfuzzer_sys::fuzz_target!(|data: &[u8]| settle_fuzz::multicast::run(data));
