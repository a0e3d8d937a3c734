//! Round trips, bad bytes and known bytes.
