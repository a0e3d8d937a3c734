//! Whatever coverage leads to, for `decoders::client`.
#![no_main]

#[path = "../decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::client(bytes);
});
