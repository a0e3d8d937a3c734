//! Each rule finds what it is for and leaves the rest alone.

use super::{Source, check_source};

fn findings(path: &str, text: &str) -> Vec<String> {
    let source = Source { path: path.to_owned(), text: text.to_owned() };
    check_source(&source).into_iter().map(|finding| format!("{}: {}", finding.line, finding.text)).collect()
}

#[track_caller]
fn check(path: &str, text: &str, expected: &[&str]) {
    assert_eq!(findings(path, text), expected, "{path}");
}

#[test]
fn a_module_opens_with_a_sentence() {
    check("xtask/src/a.rs", "use std::fs;\n", &["1: opens without one `//!` sentence"]);
    check("xtask/src/a.rs", "//! Says what it is.\n", &[]);
    check("game-server/web/a.js", "export const a = 1;\n", &["1: opens without one `//` sentence"]);
}

#[test]
fn long_functions_and_files_are_found() {
    let body = "    call();\n".repeat(80);
    check(
        "xtask/src/a.rs",
        &format!("//! A.\npub async fn long() {{\n{body}}}\n"),
        &["2: a function of 82 lines"],
    );
    check("xtask/src/a.rs", "//! A.\nfn short() {\n    call();\n}\n", &[]);
    let long = format!("//! A.\n{}", "const A: u8 = 1;\n".repeat(400));
    check("xtask/src/a.rs", &long, &["0: 401 lines; split it, 400 is the limit"]);
}

#[test]
fn unfinished_marks_are_found_as_words() {
    let mark = concat!("TO", "DO");
    check("xtask/src/a.rs", &format!("//! A.\n// {mark} later\n"), &[&format!("2: unfinished: {mark}")]);
    check("xtask/src/a.rs", &format!("//! A.\n// {mark}S are words too\n"), &[]);
}

#[test]
fn the_simulation_stays_pure() {
    let why = "sim is pure and deterministic";
    check(
        "game-server/src/sim/a.rs",
        "//! A.\nuse std::time::Instant;\n",
        &[&format!("2: names std::time: {why}")],
    );
    check(
        "game-server/src/sim/a.rs",
        "//! A.\nuse crate::net::link;\n",
        &[&format!("2: names crate::net: {why}")],
    );
    check(
        "game-server/src/sim/a.rs",
        "//! A.\nlet m = HashMap::new();\n",
        &[&format!("2: names HashMap: {why}")],
    );
    check("game-server/src/sim/a.rs", "//! A.\nuse crate::domain::Slot; // not tokio\n", &[]);
}

#[test]
fn adapters_are_imported_in_one_place() {
    check("xtask/src/docker.rs", "//! A.\nuse bollard::Docker;\n", &[]);
    let expected = ["2: names bollard: only docker.rs talks to the engine"];
    check("xtask/src/commands/image.rs", "//! A.\nuse bollard::Docker;\n", &expected);
    check("xtask/src/commands/up.rs", "//! A.\nlet text = \"kube is a crate\";\n", &[]);
}

#[test]
fn neighbours_do_not_import_each_other() {
    let expected = ["2: chat imports its neighbour lobby"];
    check("game-server/src/roles/chat.rs", "//! A.\nuse crate::roles::lobby::run;\n", &expected);
    check("game-server/src/roles/chat/flood.rs", "//! A.\nuse crate::roles::chat::Limits;\n", &[]);
    check("game-server/src/roles/all.rs", "//! A.\nuse crate::roles::lobby::run;\n", &[]);
    check("xtask/src/commands/up.rs", "//! A.\nuse crate::commands::doctor;\n", &[]);
    let expected = ["2: image imports its neighbour cluster"];
    check("xtask/src/commands/image.rs", "//! A.\nuse crate::commands::cluster;\n", &expected);
}
