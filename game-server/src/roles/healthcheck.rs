//! The `healthcheck` role.
