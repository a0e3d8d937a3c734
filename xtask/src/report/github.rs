//! What GitHub's runners understand: groups, annotations, the summary of a run.
//! Format: docs.github.com/actions/reference/workflow-commands-for-github-actions.

use std::io::Write as _;
use std::path::Path;

/// Set by the runners.
const HOSTED: &str = "GITHUB_ACTIONS";
/// File that is shown as the summary of a run.
const SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// More annotations of one kind in one step are dropped by GitHub.
const ANNOTATIONS_MAX: usize = 10;
/// Files that an error can belong to.
const ENDINGS: [&str; 6] = [".yaml", ".yml", ".rs", ".toml", ".js", ".css"];

/// A line of a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From the root of the repository, with `/`.
    pub file: String,
    /// From 1.
    pub line: u32,
}

/// True on a runner.
pub fn is_hosted() -> bool {
    std::env::var_os(HOSTED).is_some_and(|value| value == "true")
}

/// Variables that make a program talk to the runner; taken from those whose output is not the run's own.
pub const VARIABLES: [&str; 2] = [HOSTED, SUMMARY];

/// Opens a group of lines that is folded.
pub fn group(title: &str) -> String {
    format!("::group::{}", escape(title))
}

/// Closes it.
pub const END_OF_GROUP: &str = "::endgroup::";

/// A remark on the run, or on a line of a file.
pub fn annotation(kind: &str, title: &str, place: Option<&Place>, text: &str) -> String {
    let at = place
        .map_or(String::new(), |place| format!("file={},line={},", escape_property(&place.file), place.line));
    format!("::{kind} {at}title={}::{}", escape_property(title), escape(text))
}

/// One annotation for each line of the repository that the text names, else one for the run.
pub fn annotations(title: &str, text: &str, root: &Path) -> Vec<String> {
    let places = places(text, root);
    if places.is_empty() {
        return vec![annotation("error", title, None, text)];
    }
    let shown = places.iter().take(ANNOTATIONS_MAX);
    shown.map(|place| annotation("error", title, Some(place), text)).collect()
}

/// Adds to the summary of the run, where there is one.
pub fn summarise(markdown: &str) {
    let Some(path) = std::env::var_os(SUMMARY).filter(|path| !path.is_empty()) else {
        return;
    };
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    // The summary is a courtesy of the runner: the run itself does not depend on it.
    let _ = file.and_then(|mut file| file.write_all(markdown.as_bytes()));
}

/// Lines that a text names as `manifests/room.yaml:12`, in order, each once; files that do not exist are other words.
pub fn places(text: &str, root: &Path) -> Vec<Place> {
    let mut places = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || "()[]`'\",;".contains(c)) {
        if let Some(place) = place(word, root).filter(|place| !places.contains(place)) {
            places.push(place);
        }
    }
    places
}

fn place(word: &str, root: &Path) -> Option<Place> {
    let (path, rest) = word.split_once(':')?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let line = digits.parse().ok().filter(|&line| line > 0)?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_ours = ENDINGS.iter().any(|ending| path.ends_with(ending)) && !path.starts_with('/');
    (is_ours && root.join(path).is_file()).then(|| Place { file: path.to_owned(), line })
}

fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str) -> String {
    escape(text).replace(':', "%3A").replace(',', "%2C")
}
