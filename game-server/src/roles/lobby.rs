//! The `lobby` role.
