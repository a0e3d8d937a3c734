//! How findings, rules and explained logs look on a terminal.

use std::time::Duration;

use console::{Style, StyledObject, Term, style};

use crate::doctor::Diagnosis;
use crate::doctor::facts::facts;
use crate::doctor::judge::{Finding, section};
use crate::doctor::rule::{Family, Level, Rule, fill};
use crate::doctor::rules;
use crate::report::format_seconds;

pub use log::{evidence, log};

/// What a log tells.
mod log;

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
    let mut text = heading(&mark, &finding.title, finding.id);
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

/// One rule with everything that is known about it.
pub fn rule(family: &Family, rule: &Rule) -> String {
    let open = |text: &str| fill(text, |_| None);
    let mut text = format!(
        "\n  {}  {}\n\n",
        Style::new().bold().apply_to(open(rule.title)),
        dim(format!("[{}]", rule.id))
    );
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
    if !rule.tell.is_empty() {
        text.push_str(&line(2, "check", &open(rule.tell)));
    }
    if !rule.last_resort.is_empty() {
        text.push_str(&line(2, "last", &open(rule.last_resort)));
    }
    for log in rule.says() {
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
            text.push_str(&format!("    {:<36}  {}\n", rule.id, fill(rule.title, |_| None)));
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
