//! Taste as a test: import arrows, sizes, module docs, banned words, the README map.

/// Who may import whom.
mod arrows;
/// The map of the repository in the README against the tree.
mod map;
/// Rules that look at one file alone.
mod shape;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// A broken rule: `path:line: what is wrong`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub path: String,
    /// From 1; 0 where the finding is about the file as a whole.
    pub line: usize,
    pub text: String,
}

/// A file of the repository; `path` is relative to the root, with `/`.
#[derive(Debug, Clone)]
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Folders whose files are read, and how their names end.
const ROOTS: [&str; 2] = ["game-server", "xtask"];
const ENDINGS: [&str; 4] = [".rs", ".js", ".css", ".toml"];

/// Reads the workspace below `root` and returns every broken rule, by path and line.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut sources = Vec::new();
    for folder in ROOTS {
        read_sources(root, &root.join(folder), &mut sources)?;
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    let mut findings: Vec<Finding> = sources.iter().flat_map(check_source).collect();
    findings.extend(map::check(root)?);
    Ok(findings)
}

fn check_source(source: &Source) -> Vec<Finding> {
    let mut findings = shape::check(source);
    findings.extend(arrows::check(source));
    findings
}

fn read_sources(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" {
                read_sources(root, &path, sources)?;
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            sources.push(Source { path, text });
        }
    }
    Ok(())
}

/// Whether `text` holds `word` with no letter, digit or underscore on either side.
fn holds_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
