//! The game as one process of this machine: the target `local`.
