//! The one process of the target `local`: gone, or not ready.

use crate::diagnosis::{Cause, crash};

/// What is known about the process.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Something was started here once, and nobody took it away.
    pub was_started: bool,
    pub is_alive: bool,
    /// Its admin port says ready, and the page is served.
    pub is_ready: bool,
    /// Where players join.
    pub url: String,
    /// The end of its log, without secrets.
    pub log: Vec<String>,
}

const OBJECT: &str = "Process/local";

/// Why the game does not run, if it does not.
pub fn check(known: &Known) -> Option<Cause> {
    if known.is_alive && known.is_ready {
        return None;
    }
    if !known.was_started {
        let cause =
            Cause::new("process-missing", OBJECT, "the game was never started here, or was taken away");
        return Some(cause.fix("run `cargo xtask up --target local`"));
    }
    let lines: Vec<&str> =
        known.log.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).collect();
    if known.is_alive {
        let found = format!(
            "the process runs, and {} is not ready: it drains, hangs, or waits for something",
            known.url
        );
        let cause = Cause::new("process-not-ready", OBJECT, found).seen(crash::last_lines(&lines));
        return Some(
            cause.fix("run `cargo xtask logs`; `cargo xtask stop` and `cargo xtask start` begin anew"),
        );
    }
    let (id, found) = match crash::of_lines(&lines) {
        Some(crash::Words::Panic(_)) => ("panic", "the process has ended with a panic"),
        Some(crash::Words::PortTaken(_)) => ("port-clash", "the process has ended because a port was taken"),
        None => ("process-gone", "the process has ended (stopped, killed, or the machine was restarted)"),
    };
    let seen = match crash::of_lines(&lines) {
        Some(crash::Words::Panic(words) | crash::Words::PortTaken(words)) => words,
        None => crash::last_lines(&lines),
    };
    let fix = match id {
        "panic" => "correct the line of code that the panic names, then `cargo xtask up --target local`",
        "port-clash" => {
            "run `cargo xtask doctor --target local`, which names who has the port; or take another with --port"
        }
        _ => "run `cargo xtask start --target local`",
    };
    Some(Cause::new(id, OBJECT, found).seen(seen).fix(fix))
}

#[cfg(test)]
mod tests;
