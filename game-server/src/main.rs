//! Parses the command line, starts one role and turns its end into an exit code.

fn main() {}
