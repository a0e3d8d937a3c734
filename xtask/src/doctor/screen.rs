//! How findings, rules and explained logs look on a terminal.

use std::time::Duration;

use console::{Style, StyledObject, Term, style};

use crate::doctor::Diagnosis;
use crate::doctor::facts::facts;
use crate::doctor::judge::{Finding, section};
use crate::doctor::log::Match;
use crate::doctor::rule::{Family, Kind, Level, Rule, fill};
use crate::doctor::rules;
use crate::report::format_seconds;

/// Wider lines are hard to read.
const WIDTH_MAX: usize = 100;
const WIDTH_DEFAULT: usize = 80;
/// Where the text of a block begins: two blanks, the mark, two blanks, the word, two blanks.
const INDENT: usize = 15;

/// The machine in a few lines, then every finding, the worst last, where the eye is.
pub fn diagnosis(diagnosis: &Diagnosis) -> String {
    let mut text = "\n".to_owned();
    for (word, fact) in facts(&diagnosis.machine) {
        text.push_str(&line(2, word, &fact));
    }
    for level in [Level::Info, Level::Warn, Level::Fail] {
        for finding in diagnosis.of_level(level) {
            text.push('\n');
            text.push_str(&block(finding));
        }
    }
    text.push('\n');
    text.push_str(&summary(diagnosis));
    text
}

fn summary(diagnosis: &Diagnosis) -> String {
    let count = |level, one: &str, many: &str| match diagnosis.count(level) {
        0 => format!("no {many}"),
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    let checked = rules::checked(diagnosis.machine.needs.profile);
    let failed = count(Level::Fail, "thing in the way", "things in the way");
    let failed = match diagnosis.count(Level::Fail) {
        0 => style(failed).green().bold(),
        _ => style(failed).red().bold(),
    };
    let time = format_seconds(Duration::from_secs_f64(diagnosis.seconds));
    format!(
        "  {failed}, {}, {} for target {}\n  {}\n",
        count(Level::Warn, "warning", "warnings"),
        count(Level::Info, "note", "notes"),
        diagnosis.machine.needs.profile.name(),
        dim(format!("{checked} checks in {time}; `cargo xtask doctor --explain ID` tells more about one")),
    )
}

fn block(finding: &Finding) -> String {
    let mark = match finding.level {
        Level::Fail => style("FAIL").red().bold(),
        Level::Warn => style("warn").yellow().bold(),
        Level::Info | Level::Silent => style("note").cyan(),
    };
    let mut text = heading(&mark, finding.title, finding.id);
    text.push_str(&line(8, "found", &finding.evidence));
    text.push_str(&line(8, "why", &finding.cause));
    text.push_str(&line(8, "fix", &finding.fix));
    text
}

/// Mark, title and name; the name goes below where both do not fit.
fn heading(mark: &StyledObject<&str>, title: &str, id: &str) -> String {
    let title = Style::new().bold().apply_to(title);
    let one_line = format!("  {mark}  {title}  {}\n", dim(format!("[{id}]")));
    if console::measure_text_width(&one_line) <= width() {
        return one_line;
    }
    format!("  {mark}  {title}\n{:8}{}\n", "", dim(format!("[{id}]")))
}

/// What is known about a log, the cause first.
pub fn log(matches: &[Match], lines: usize) -> String {
    let (causes, rest): (Vec<&Match>, Vec<&Match>) = matches.iter().partition(|one| one.kind == Kind::Cause);
    let mut text = "\n".to_owned();
    if matches.is_empty() {
        text.push_str(&format!("  nothing known in {lines} lines\n"));
        text.push_str(&line(
            2,
            "",
            "The cause may be in another log: kubectl describe pod, kubectl logs --previous, docker \
            logs of a node, journalctl -u k3s. Or look at this machine: `cargo xtask doctor`.",
        ));
        return text;
    }
    for (index, one) in causes.iter().enumerate() {
        let mark = if index == 0 { style("root").red().bold() } else { style("also").yellow().bold() };
        text.push_str(&log_block(&mark, one));
    }
    for one in rest.iter().filter(|_| causes.is_empty()) {
        text.push_str(&log_block(&style("seen").cyan(), one));
    }
    if causes.is_empty() {
        text.push_str("  No line names a cause: these follow from one, or mean nothing.\n  Read the log that the fix names.\n");
    }
    for (kind, words) in [(Kind::Consequence, "follows from it"), (Kind::Decoy, "means nothing here")] {
        for one in rest.iter().filter(|one| one.kind == kind && !causes.is_empty()) {
            let what = format!("line {} {words}: {} [{}]", one.line, one.title, one.id);
            for (index, part) in wrap(&what, width().saturating_sub(6)).iter().enumerate() {
                let indent = if index == 0 { 2 } else { 6 };
                text.push_str(&format!("{:indent$}{}\n", "", dim(part.clone())));
            }
        }
    }
    text
}

fn log_block(mark: &StyledObject<&str>, one: &Match) -> String {
    let times = if one.count > 1 { format!(", {} times", one.count) } else { String::new() };
    let mut text = heading(mark, one.title, one.id);
    text.push_str(&line(8, "read", &format!("line {}{times}: {}", one.line, one.text)));
    text.push_str(&line(8, "why", &one.cause));
    text.push_str(&line(8, "fix", &one.fix));
    text.push_str(&line(8, "more", &one.section));
    text.push('\n');
    text
}

/// One rule with everything that is known about it.
pub fn rule(family: &Family, rule: &Rule) -> String {
    let open = |text: &str| fill(text, |_| None);
    let mut text =
        format!("\n  {}  {}\n\n", Style::new().bold().apply_to(rule.title), dim(format!("[{}]", rule.id)));
    text.push_str(&line(2, "why", &open(rule.cause)));
    text.push_str(&line(2, "fix", &open(rule.fix)));
    if rule.check.is_some() {
        let level = |level: Level| match level {
            Level::Silent => "-",
            Level::Info => "note",
            Level::Warn => "warning",
            Level::Fail => "in the way",
        };
        let on = rule.severity;
        let levels = format!(
            "native k3s: {}, k3d: {}, local: {}",
            level(on.native_k3s),
            level(on.k3d),
            level(on.local)
        );
        text.push_str(&line(2, "level", &levels));
    }
    if let Some(log) = &rule.log {
        text.push_str(&line(2, "logs", log.example));
    }
    text.push_str(&line(2, "more", &section(family)));
    text
}

/// Every id with its title, by family.
pub fn list() -> String {
    let mut text = String::new();
    for family in &rules::FAMILIES {
        text.push_str(&format!("\n  {}\n", Style::new().bold().apply_to(family.title)));
        for rule in family.rules {
            text.push_str(&format!("    {:<36}  {}\n", rule.id, rule.title));
        }
    }
    text.push_str(&format!(
        "\n  {}\n",
        dim("`cargo xtask doctor --explain ID` tells more about one".to_owned())
    ));
    text
}

/// A word in the margin and its text, wrapped with its indentation.
fn line(indent: usize, word: &str, text: &str) -> String {
    let width = Term::stdout()
        .size_checked()
        .map_or(WIDTH_DEFAULT, |(_, columns)| usize::from(columns))
        .min(WIDTH_MAX);
    let column = indent + INDENT - 8;
    let mut lines = String::new();
    for (index, part) in wrap(text, width.saturating_sub(column).max(20)).iter().enumerate() {
        let word = if index == 0 { word } else { "" };
        lines.push_str(&format!("{:indent$}{}{part}\n", "", dim(format!("{word:<7}"))));
    }
    lines
}

fn width() -> usize {
    Term::stdout().size_checked().map_or(WIDTH_DEFAULT, |(_, columns)| usize::from(columns)).min(WIDTH_MAX)
}

fn dim(text: String) -> StyledObject<String> {
    style(text).dim()
}

/// Breaks at blanks so that paragraphs keep their indentation on a narrow terminal.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_ascii_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
