//! The `ranking` role.
