//! The program from the outside: every file is a setting or a promise, every test a behaviour.

mod all;
mod bandwidth;
mod golden;
mod harness;
mod postgres;
mod processes;
