//! docs/when-something-fails.md, made from the rules, so that neither can say what the other denies.

use crate::doctor::rule::{Certainty, Family, Kind, Rule, fill};
use crate::doctor::rules::FAMILIES;

const OPENING: &str = "\
# When something fails

Made from the rules of `cargo xtask doctor`; `cargo xtask doctor --handbook` makes it anew.

`cargo xtask doctor` looks at this machine and shows everything that is in the way at once. What you paste into
`cargo xtask doctor --log -` it searches for failures that are known, says how sure it is of each, and tells the cause from what
merely follows from it. Every failure has a name; `cargo xtask doctor --explain NAME` tells all about it. To find one here,
search this page for words of the message.

**in the way** stops the target, **warning** works until it does not, **note** needs nothing now. What a finding means depends
on the target: `--target local` (one process), `--target k3d`, or `--native-k3s` for a k3s that is installed in the system itself.

A cause is **certain** when its words have no other, **likely** when they mostly mean it, **possible** when several causes say the
same. *Check* is what tells; *last resort* deletes or makes anew, says what is lost, and comes after the check and the fix.
";

/// The whole page.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    page.push_str("\n| about | |\n|---|---|\n");
    for family in &FAMILIES {
        page.push_str(&format!("| [{}](#{}) | {} |\n", family.title, family.section, names(family)));
    }
    for family in &FAMILIES {
        page.push_str(&section(family));
    }
    page
}

fn names(family: &Family) -> String {
    let names: Vec<String> = family.rules.iter().map(|rule| format!("`{}`", rule.id)).collect();
    names.join(" ")
}

fn section(family: &Family) -> String {
    let mut text = format!("\n## {}\n\n{}\n", family.title, family.about);
    for rule in family.rules {
        text.push_str(&entry(rule));
    }
    text
}

fn entry(rule: &Rule) -> String {
    let mut text = format!("\n### {}\n\n`{}`", told(rule.title), rule.id);
    let sayings: Vec<String> =
        rule.says().map(|saying| sure(saying.kind, saying.certainty).to_owned()).collect();
    if let Some(first) = sayings.first() {
        text.push_str(&format!(" · {first}"));
    }
    text.push_str("\n\n");
    if rule.says().next().is_some() {
        text.push_str("```text\n");
        for saying in rule.says() {
            text.push_str(&format!("{}\n", saying.example.trim()));
        }
        text.push_str("```\n\n");
    }
    text.push_str(&format!("{}\n\n", told(rule.cause)));
    for (word, part) in [("Check", rule.tell), ("Fix", rule.fix), ("Last resort", rule.last_resort)] {
        if !part.is_empty() {
            text.push_str(&format!("- *{word}*: {}\n", told(part)));
        }
    }
    text
}

const fn sure(kind: Kind, certainty: Certainty) -> &'static str {
    match (kind, certainty) {
        (Kind::Consequence, _) => "follows from something else",
        (Kind::Decoy, _) => "means nothing",
        (Kind::Cause, Certainty::Certain) => "certain",
        (Kind::Cause, Certainty::Likely) => "likely",
        (Kind::Cause, Certainty::Possible) => "possible",
    }
}

/// Values that a log would fill in stand as `<name>`, which Markdown would take for HTML.
fn told(text: &str) -> String {
    fill(text, |_| None).replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
}
