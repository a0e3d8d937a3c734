//! Integration tests: the program from the outside.

mod golden;
