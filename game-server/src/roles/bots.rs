//! The `bots` role.
