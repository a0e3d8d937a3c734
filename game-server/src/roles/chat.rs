//! The `chat` role.
