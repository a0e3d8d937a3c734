//! Length-framed messages over a byte stream.
