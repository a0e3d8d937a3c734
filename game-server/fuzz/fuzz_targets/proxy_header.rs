//! Whatever coverage leads to, for `decoders::proxy_header`.
#![no_main]

#[path = "../decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::proxy_header(bytes);
});
