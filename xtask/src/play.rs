//! Plays through the public port: `verify` and `load`.
