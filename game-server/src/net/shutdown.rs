//! Signals: the first drains, the second ends.
