//! Where in a file a value stands: parsed YAML has no lines.

use serde_yaml::Value;

/// A line of a manifest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// From the root of the repository: `manifests/lobby.yaml`.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What stands there, without indentation and comment.
    pub text: String,
}

/// A line with its number; descending into a list item blanks its dash.
type Line = (usize, String);

/// Line of the deepest part of a JSON pointer (`/spec/template/spec/containers/0/image`) that the object of this kind
/// and name spells out in block style; the first line of the object where it spells out nothing of it.
pub fn find(text: &str, kind: &str, name: &str, pointer: &str) -> Option<usize> {
    descend(documents(text).into_iter().find(|document| is_object(document, kind, name))?, pointer)
}

/// The same in a file of one document that is no object of Kubernetes.
pub fn line(text: &str, pointer: &str) -> Option<usize> {
    let has_content = |document: &Vec<Line>| document.iter().any(is_content);
    descend(documents(text).into_iter().find(has_content)?, pointer)
}

fn descend(mut block: Vec<Line>, pointer: &str) -> Option<usize> {
    let mut found = block.iter().find(|line| is_content(line))?.0;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let Some((line, inner)) = child(&block, &step) else {
            break;
        };
        found = line;
        block = inner;
    }
    Some(found)
}

fn documents(text: &str) -> Vec<Vec<Line>> {
    let mut documents = vec![Vec::new()];
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("---") {
            documents.push(Vec::new());
        } else if let Some(last) = documents.last_mut() {
            last.push((index + 1, line.to_owned()));
        }
    }
    documents
}

fn is_object(document: &[Line], kind: &str, name: &str) -> bool {
    let lines: Vec<&str> = document.iter().map(|(_, line)| line.as_str()).collect();
    let Ok(value) = serde_yaml::from_str::<Value>(&lines.join("\n")) else {
        return false;
    };
    value.get("kind").is_some_and(|found| found == kind)
        && value.get("metadata").and_then(|metadata| metadata.get("name")).is_some_and(|found| found == name)
}

/// The line of a key or of the list item with this number, and what is indented below it.
fn child(block: &[Line], step: &str) -> Option<(usize, Vec<Line>)> {
    let indent = block.iter().find(|line| is_content(line)).map(|(_, line)| indent(line))?;
    let starts = |(_, line): &Line| match step.parse::<usize>() {
        Ok(_) => self::indent(line) == indent && is_item(line),
        Err(_) => self::indent(line) == indent && key(line) == Some(step),
    };
    let position = step.parse::<usize>().unwrap_or(0);
    let start = (0..block.len()).filter(|&index| starts(&block[index])).nth(position)?;
    let ends = |line: &Line| {
        let own_list = !is_item(&block[start].1) && is_item(&line.1) && self::indent(&line.1) == indent;
        is_content(line) && self::indent(&line.1) <= indent && !own_list
    };
    let length = block[start + 1..].iter().position(ends).unwrap_or(block.len() - start - 1);
    let mut inner = block[start + 1..start + 1 + length].to_vec();
    if is_item(&block[start].1) {
        inner.insert(0, (block[start].0, block[start].1.replacen("- ", "  ", 1)));
    }
    Some((block[start].0, inner))
}

fn is_content((_, line): &Line) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

fn is_item(line: &str) -> bool {
    line.trim_start().starts_with("- ")
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn key(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (key, _) =
        line.split_once(": ").or_else(|| line.trim_end().strip_suffix(':').map(|key| (key, "")))?;
    Some(key.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests;
