//! The `monitor` role.
