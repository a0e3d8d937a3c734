//! Where the time of a command went.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::event::StepState;
use super::format_seconds;

/// The steps of a command in the order in which they ended, and the whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Times {
    /// From the start of the command until now.
    pub seconds: f64,
    pub steps: Vec<StepTime>,
    /// What belongs to no step.
    pub rest_seconds: f64,
}

/// One step that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepTime {
    pub step: &'static str,
    pub state: StepState,
    /// When it began, counted from the start of the command.
    pub from_seconds: f64,
    pub seconds: f64,
}

impl Times {
    pub fn new(whole: Duration, steps: Vec<StepTime>) -> Self {
        let seconds = whole.as_secs_f64();
        Self { seconds, rest_seconds: (seconds - covered(&steps)).max(0.0), steps }
    }

    /// A table for a terminal; every line is indented by `margin` columns.
    pub fn text(&self, margin: usize) -> String {
        let mut text =
            format!("{:margin$}{:<10} {:>12} {:>12} {:>7}\n", "", "step", "began after", "took", "share");
        for (step, from, took, share) in self.rows() {
            let _ = writeln!(text, "{:margin$}{step:<10} {from:>12} {took:>12} {share:>7}", "");
        }
        text
    }

    /// The same for a page.
    pub fn markdown(&self) -> String {
        let mut text = "| step | began after | took | share |\n|---|---:|---:|---:|\n".to_owned();
        for (step, from, took, share) in self.rows() {
            let _ = writeln!(text, "| {step} | {from} | {took} | {share} |");
        }
        text
    }

    /// Steps by their beginning, then what lies between them, then the whole.
    fn rows(&self) -> Vec<(&'static str, String, String, String)> {
        let time = |seconds: f64| format_seconds(Duration::from_secs_f64(seconds));
        let share = |seconds: f64| format!("{:.0} %", 100.0 * seconds / self.seconds.max(f64::EPSILON));
        let mut steps: Vec<&StepTime> = self.steps.iter().collect();
        steps.sort_by(|a, b| a.from_seconds.total_cmp(&b.from_seconds));
        let row = |one: &StepTime| (one.step, time(one.from_seconds), time(one.seconds), share(one.seconds));
        let mut rows: Vec<_> = steps.into_iter().map(row).collect();
        rows.push(("between", String::new(), time(self.rest_seconds), share(self.rest_seconds)));
        rows.push(("whole", String::new(), time(self.seconds), share(self.seconds)));
        rows
    }
}

/// Seconds during which at least one step ran: steps run side by side and inside each other.
fn covered(steps: &[StepTime]) -> f64 {
    let mut spans: Vec<(f64, f64)> =
        steps.iter().map(|one| (one.from_seconds, one.from_seconds + one.seconds)).collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut sum, mut until) = (0.0, 0.0_f64);
    for (from, to) in spans {
        sum += (to - from.max(until)).max(0.0);
        until = until.max(to);
    }
    sum
}
