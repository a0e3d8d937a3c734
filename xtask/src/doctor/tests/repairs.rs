//! A command of a finding is run, and only then.

use clap::Parser as _;

use super::linux;
use crate::cli::Cli;
use crate::context::Context;
use crate::doctor::judge::Finding;
use crate::doctor::machine::Machine;
use crate::doctor::repair::repair;
use crate::doctor::rule::{Level, Severity};

fn finding(folder: &std::path::Path) -> Finding {
    let made = folder.join("made").display().to_string();
    let level = Level::Warn;
    Finding {
        id: "folder-missing",
        level,
        title: "a folder is missing".to_owned(),
        evidence: "there is none".to_owned(),
        cause: "this test".to_owned(),
        fix: format!("mkdir {made}"),
        repair: vec!["mkdir".to_owned(), made],
        section: String::new(),
        severity: Severity { native_k3s: level, k3d: level, local: level },
    }
}

fn context(flags: &[&str]) -> Context {
    let typed = [&["xtask", "doctor"], flags].concat();
    Context::new(&Cli::parse_from(typed).global).unwrap()
}

#[tokio::test]
async fn what_is_agreed_to_is_repaired_and_a_dry_run_repairs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine { is_root: true, ..linux() };
    let (finding, made) = (finding(folder.path()), folder.path().join("made"));
    let findings = std::slice::from_ref(&finding);
    // Nobody can be asked here: no answer is a no.
    for flags in [&["--quiet", "--json"][..], &["--quiet", "--dry-run", "--yes"]] {
        assert_eq!(repair(&context(flags), &machine, findings).await.unwrap(), 0, "{flags:?}");
        assert!(!made.exists(), "{flags:?}");
    }
    assert_eq!(repair(&context(&["--quiet", "--yes"]), &machine, findings).await.unwrap(), 1);
    assert!(made.is_dir());
    // The same again fails, and is told as what it is.
    assert_eq!(repair(&context(&["--quiet", "--yes"]), &machine, findings).await.unwrap(), 0);
    let none = [Finding { repair: Vec::new(), ..finding }];
    assert_eq!(repair(&context(&["--quiet", "--yes"]), &machine, &none).await.unwrap(), 0);
}
