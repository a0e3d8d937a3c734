//! Variables in a k3d config, replaced as k3d replaces them: in the text, before it is YAML.

/// The text with every `$NAME` and `${NAME}` replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    pub text: String,
    /// Names that were replaced, outside comments.
    pub replaced: Vec<String>,
    /// Lines, from 1, and names of variables that are not set, outside comments.
    pub unset: Vec<(usize, String)>,
}

/// Reads as `os.Expand` of Go does; what is not set becomes nothing, and is told.
pub fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Expanded {
    let mut expanded =
        Expanded { text: String::with_capacity(text.len()), replaced: Vec::new(), unset: Vec::new() };
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let comment = comment(line);
        let (mut rest, mut at) = (line, 0);
        while let Some(start) = rest.find('$') {
            expanded.text.push_str(&rest[..start]);
            at += start;
            let (name, length) = name(&rest[start + 1..]);
            let in_comment = comment.is_some_and(|comment| at >= comment);
            match name.and_then(|name| Some((name, value_of(name)?))) {
                Some((name, value)) => {
                    expanded.text.push_str(&value);
                    if !in_comment && !expanded.replaced.iter().any(|known| known == name) {
                        expanded.replaced.push(name.to_owned());
                    }
                }
                None if length == 0 => expanded.text.push('$'),
                None => {
                    if !in_comment {
                        expanded.unset.push((index + 1, name.unwrap_or_default().to_owned()));
                    }
                }
            }
            rest = &rest[start + 1 + length..];
            at += 1 + length;
        }
        expanded.text.push_str(rest);
    }
    expanded
}

/// The name after a dollar and how many bytes it takes; no name and bytes for a pair of braces that holds none.
fn name(after: &str) -> (Option<&str>, usize) {
    if let Some(inner) = after.strip_prefix('{') {
        return match inner.find('}') {
            Some(0) => (None, 2),
            Some(end) => (Some(&inner[..end]), end + 2),
            None => (None, 1),
        };
    }
    let length = match after.bytes().next() {
        // The shell's own: $* $# $$ $@ $! $? $- and digits.
        Some(b'*' | b'#' | b'$' | b'@' | b'!' | b'?' | b'-' | b'0'..=b'9') => 1,
        _ => after.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
    };
    (Some(&after[..length]).filter(|name| !name.is_empty()), length)
}

/// Where the comment of a line begins.
fn comment(line: &str) -> Option<usize> {
    let indent = line.len() - line.trim_start().len();
    if line[indent..].starts_with('#') { Some(indent) } else { line.find(" #") }
}
