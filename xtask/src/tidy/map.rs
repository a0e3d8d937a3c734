//! The map of the repository in the README against the tree.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Finding;

const README: &str = "README.md";
/// The fenced block between these two lines is the map: a path, spaces, what it holds.
const MAP_OPENS: &str = "```map";
const MAP_CLOSES: &str = "```";
/// Folders whose direct children the map must name one by one.
const MAPPED_FOLDERS: [&str; 3] = [".", "game-server/src", "xtask/src"];
/// What lies in a checkout without being part of the repository.
const UNMAPPED: [&str; 2] = [".git", "target"];

/// Every path of the map exists, and everything directly below the mapped folders is on it.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let text = fs::read_to_string(root.join(README)).context("reading README.md")?;
    let paths = mapped_paths(&text);
    let mut findings = missing_from_tree(root, &paths);
    for folder in MAPPED_FOLDERS {
        findings.extend(missing_from_map(root, folder, &paths)?);
    }
    Ok(findings)
}

/// Lines of the map as (line number, path), the path without a closing slash.
fn mapped_paths(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate().skip_while(|(_, line)| line.trim() != MAP_OPENS).skip(1);
    lines
        .take_while(|(_, line)| line.trim() != MAP_CLOSES)
        .filter_map(|(index, line)| Some((index + 1, line.split_whitespace().next()?)))
        .map(|(line, path)| (line, path.trim_end_matches('/').to_owned()))
        .collect()
}

fn missing_from_tree(root: &Path, paths: &[(usize, String)]) -> Vec<Finding> {
    let gone = paths.iter().filter(|(_, path)| !root.join(path).exists());
    gone.map(|(line, path)| finding(*line, format!("the map names {path}, which does not exist"))).collect()
}

fn missing_from_map(root: &Path, folder: &str, paths: &[(usize, String)]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for entry in fs::read_dir(root.join(folder)).with_context(|| format!("reading {folder}"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let path = if folder == "." { name } else { format!("{folder}/{name}") };
        let has_module_file = root.join(format!("{path}.rs")).exists();
        let on_map =
            paths.iter().any(|(_, mapped)| mapped == &path || mapped.starts_with(&format!("{path}/")));
        if !on_map && !has_module_file && !UNMAPPED.contains(&path.as_str()) {
            findings.push(finding(0, format!("the map does not name {path}")));
        }
    }
    Ok(findings)
}

fn finding(line: usize, text: String) -> Finding {
    Finding { path: README.to_owned(), line, text }
}
