//! One file per family of checks of this machine.
