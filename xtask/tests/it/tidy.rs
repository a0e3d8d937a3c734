//! The workspace obeys its own rules.

use std::path::Path;

#[test]
fn the_workspace_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let findings = xtask::tidy::check(root).unwrap();
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{}:{}: {}", finding.path, finding.line, finding.text))
        .collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
