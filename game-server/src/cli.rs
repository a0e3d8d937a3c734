//! Flags and environment of every role; the only place where configuration is read.
