//! The `gateway` role.
