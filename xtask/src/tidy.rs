//! Taste as a test: import arrows, sizes, module docs, the README map.
