//! Help tells a newcomer when to use a command.

use crate::xtask;

const COMMANDS: [&str; 20] = [
    "doctor",
    "up",
    "status",
    "logs",
    "verify",
    "load",
    "cluster",
    "label",
    "image",
    "plan",
    "deploy",
    "diagnose",
    "stop",
    "start",
    "down",
    "dev",
    "gc",
    "targets",
    "ci",
    "completions",
];

#[tokio::test]
async fn every_command_says_when_to_use_it() {
    let state = tempfile::tempdir().unwrap();
    for command in COMMANDS {
        let help = xtask(state.path(), &["help", command]).await;
        assert_eq!(help.code, Some(0), "{command}: {}", help.tail);
        let text = &help.stdout;
        let first = text.lines().next().unwrap_or_default();
        assert!(first.len() > 20, "{command} opens with: {first}");
        let when = text.split_once("Usage:").unwrap().0;
        assert!(when.lines().count() > 2, "{command} does not say when to use it:\n{text}");
    }
}

#[tokio::test]
async fn the_list_of_commands_is_complete() {
    let state = tempfile::tempdir().unwrap();
    let help = xtask(state.path(), &["--help"]).await;
    for command in COMMANDS {
        let line = help.stdout.lines().find(|line| line.trim_start().starts_with(command));
        assert!(line.is_some_and(|line| line.trim().len() > command.len() + 10), "{command}: {line:?}");
    }
}
