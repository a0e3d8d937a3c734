//! The built binary as players and operators meet it; every file is a setting, every test a behaviour.

mod all;
mod bandwidth;
mod browser;
mod golden;
mod harness;
mod hostile;
mod manifests;
mod page;
mod port;
mod postgres;
mod processes;
mod reconnect;
mod reload;
mod replay;
mod signals;
mod versions;
