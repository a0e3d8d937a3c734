//! Rules that look at one file alone.

use super::{Finding, Source, holds_word};

const FILE_LINES_MAX: usize = 400;
const FUNCTION_LINES_MAX: usize = 70;
/// Written in halves so that this file does not break its own rule.
const UNFINISHED: [&str; 5] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("to", "do!"),
    concat!("db", "g!"),
];

pub fn check(source: &Source) -> Vec<Finding> {
    let rules: &[fn(&Source) -> Vec<Finding>] = &[file_size, unfinished, module_doc, functions, glob_imports];
    rules.iter().flat_map(|rule| rule(source)).collect()
}

fn finding(source: &Source, line: usize, text: impl Into<String>) -> Finding {
    Finding { path: source.path.clone(), line, text: text.into() }
}

fn file_size(source: &Source) -> Vec<Finding> {
    let lines = source.text.lines().count();
    let exempt = source.path.ends_with(".css") || source.path.ends_with(".toml");
    if exempt || lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    vec![finding(source, 0, format!("{lines} lines; split it, {FILE_LINES_MAX} is the limit"))]
}

fn unfinished(source: &Source) -> Vec<Finding> {
    let is_unfinished = |line: &str| UNFINISHED.iter().find(|word| holds_word(line, word));
    let lines = source.text.lines().enumerate();
    lines
        .filter_map(|(index, line)| is_unfinished(line).map(|word| (index, word)))
        .map(|(index, word)| finding(source, index + 1, format!("unfinished: {word}")))
        .collect()
}

fn module_doc(source: &Source) -> Vec<Finding> {
    if source.path.ends_with("/mod.rs") {
        return vec![finding(source, 0, "a module is foo.rs beside foo/, never mod.rs")];
    }
    let opening = if source.path.ends_with(".js") { "// " } else { "//! " };
    let documented = source.text.starts_with(opening) || source.text.starts_with("/**");
    if documented || !(source.path.ends_with(".rs") || source.path.ends_with(".js")) {
        return Vec::new();
    }
    vec![finding(source, 1, format!("opens without one `{}` sentence", opening.trim()))]
}

fn glob_imports(source: &Source) -> Vec<Finding> {
    let in_test = source.path.ends_with("tests.rs") || source.path.contains("/tests/");
    let is_glob = |line: &str| line.trim_start().starts_with("use ") && line.trim_end().ends_with("::*;");
    if in_test || !source.path.ends_with(".rs") {
        return Vec::new();
    }
    let lines = source.text.lines().enumerate().filter(|(_, line)| is_glob(line));
    lines.map(|(index, _)| finding(source, index + 1, "glob import hides what the file depends on")).collect()
}

/// Measures functions in rustfmt-shaped source: from the `fn` line to the brace at the same indentation.
fn functions(source: &Source) -> Vec<Finding> {
    let lines: Vec<&str> = source.text.lines().collect();
    let starts = (0..lines.len()).filter(|&index| opens_function(lines[index], &source.path));
    starts
        .filter_map(|start| function_lines(&lines, start).map(|count| (start, count)))
        .filter(|&(_, count)| count > FUNCTION_LINES_MAX)
        .map(|(start, count)| finding(source, start + 1, format!("a function of {count} lines")))
        .collect()
}

fn opens_function(line: &str, path: &str) -> bool {
    let line = line.trim_start();
    if path.ends_with(".js") {
        return ["function ", "export function ", "async function ", "export async function "]
            .iter()
            .any(|opening| line.starts_with(opening));
    }
    let is_modifier = |word: &&str| word.starts_with("pub") || ["const", "async", "unsafe"].contains(word);
    path.ends_with(".rs") && line.split(' ').find(|word| !is_modifier(word)) == Some("fn")
}

/// Lines from `start` to the closing brace at the same depth; `None` for a body on one line.
fn function_lines(lines: &[&str], start: usize) -> Option<usize> {
    let indent = lines[start].len() - lines[start].trim_start().len();
    let closes =
        |line: &str| line.len() > indent && line[..indent].trim().is_empty() && &line[indent..] == "}";
    if lines[start].trim_end().ends_with('}') || lines[start].trim_end().ends_with(';') {
        return None;
    }
    lines[start..].iter().position(|line| closes(line)).map(|length| length + 1)
}
