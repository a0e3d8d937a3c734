//! The `all` role.
