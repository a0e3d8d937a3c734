//! What machines are told with `--json`: one event a line, as `xtask/events.schema.json` describes.

use serde::Serialize;
use serde_json::Value;

use super::times::Times;

/// One line of standard output with `--json`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// A step begins or ends.
    Step {
        step: &'a str,
        state: StepState,
        text: &'a str,
        /// How long it took, once it has ended.
        #[serde(skip_serializing_if = "Option::is_none")]
        seconds: Option<f64>,
    },
    /// Something worth knowing about a step.
    Note { step: &'a str, text: &'a str },
    /// Something that is not wrong yet.
    Warning { text: &'a str },
    /// A program that is run, a signal, a write to Docker or to a cluster.
    Call {
        tool: &'a str,
        call: &'a str,
        /// What the program reads from standard input.
        #[serde(skip_serializing_if = "str::is_empty")]
        input: &'a str,
        /// False in a dry run: it was only said.
        made: bool,
    },
    /// A line that a role wrote.
    Log { source: &'a str, text: &'a str },
    /// The answer of the command.
    Result { result: &'a Value },
    /// Why a rollout cannot succeed, with everything that led there.
    Cause { cause: &'a Value },
    /// `dev` has put an edit in the place of what ran.
    Swap { what: &'a str, total_s: f64, compile_s: f64, rest_s: f64 },
    /// Where the time went.
    Times(&'a Times),
    /// Why the command failed; the last line.
    Error {
        /// The exit code.
        code: u8,
        text: &'a str,
        /// What to type or do; empty where nobody knows.
        fix: &'a str,
        /// File of the repository that the error belongs to, with its line.
        #[serde(skip_serializing_if = "Option::is_none")]
        file: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Started,
    /// It changed something.
    Done,
    /// There was nothing to change.
    Unchanged,
}

impl StepState {
    pub const fn text(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Unchanged => "unchanged",
        }
    }
}
