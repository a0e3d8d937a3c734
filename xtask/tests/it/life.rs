//! What takes a real game: edits that are swapped in, restarts that are repaired.

/// A copy of the workspace to edit, and `cargo xtask dev` on it.
mod bed;
mod cluster;
mod local;
mod proofs;
