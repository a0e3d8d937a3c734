//! The built binary as players and operators meet it; every file is a setting, every test a behaviour.

mod all;
mod bandwidth;
mod browser;
mod golden;
mod harness;
mod manifests;
mod postgres;
mod processes;
mod versions;
