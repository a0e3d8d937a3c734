//! Integration tests: the program from the outside.

mod bandwidth;
mod golden;
mod manifests;
