//! What a registry asks for before it answers: the header `WWW-Authenticate` of RFC 9110, section 11.6.1.

#[cfg(test)]
mod tests;

/// One way to say who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// Name and password with every request.
    Basic,
    /// A token that somebody else gives: `GET realm?query`.
    Bearer { realm: String, query: String },
}

impl Challenge {
    /// Reads `Bearer realm="https://…",service="…",scope="repository:x:pull,push"` or `Basic realm="…"`.
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let parameters = parameters(rest);
        let realm = parameters.iter().find(|(key, _)| key == "realm")?.1.clone();
        let asked = parameters.iter().filter(|(key, _)| key == "service" || key == "scope");
        let query: Vec<String> = asked.map(|(key, value)| format!("{key}={}", escape(value))).collect();
        scheme.eq_ignore_ascii_case("bearer").then(|| Self::Bearer { realm, query: query.join("&") })
    }
}

/// `key="value"` or `key=value`, separated by commas; a comma within quotes separates nothing.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        let key = key.trim_matches([',', ' ']).to_lowercase();
        parameters.push((key, value.trim().to_owned()));
        rest = next;
    }
    parameters
}

/// For a query: what is not surely harmless is spelled in hexadecimal digits.
fn escape(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b',' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}
