//! The `room` role.
