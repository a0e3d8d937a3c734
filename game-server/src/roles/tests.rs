//! Tests that need more than one role.

mod network;
