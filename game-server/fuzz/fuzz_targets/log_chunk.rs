//! Whatever coverage leads to, for `decoders::log_chunk`.
#![no_main]

#[path = "../decoders.rs"]
mod decoders;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    decoders::log_chunk(bytes);
});
