//! The game: a pure, deterministic state machine. One's own game goes in here.
