//! The Tab key, as each shell that is installed presses it.

use std::path::Path;

use xtask::processes::find;
use xtask::processes::job::Job;
use xtask::report::Report;

use crate::{say, xtask};

/// Runs `script` in a shell that has read the completions; gives what it printed.
async fn in_shell(shell: &str, flags: &[&str], script: &str) -> Option<String> {
    if find(shell).is_none() {
        say(&format!("skipped: {shell} is not installed"));
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let made = xtask(folder.path(), &["completions", shell]).await;
    assert_eq!(made.code, Some(0), "{}", made.tail);
    let file = folder.path().join("completions");
    std::fs::write(&file, made.stdout).unwrap();
    let script = script.replace("FILE", &file.display().to_string());
    let job = Job::new(shell, Path::new("/")).args(flags).args(["-c", &script]).env("HOME", folder.path());
    let ended = job.run(&Report::quiet()).await.unwrap();
    assert_eq!(ended.code, Some(0), "{}", ended.tail);
    Some(ended.stdout)
}

/// What bash offers for these words, the last of which is being typed; cargo's own completion offers `build`.
async fn bash(words: &[&str]) -> Option<Vec<String>> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (words, last) = (quoted.join(" "), words.len() - 1);
    let script = format!(
        "_cargo() {{ COMPREPLY=(build); }}; . FILE\n\
         COMP_WORDS=({words}); COMP_CWORD={last}; COMP_LINE=\"${{COMP_WORDS[*]}}\"; COMP_POINT=${{#COMP_LINE}}\n\
         hook=$(complete -p cargo | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n\
         $hook cargo \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let offered = in_shell("bash", &["--norc"], &script).await?;
    Some(offered.lines().map(str::to_owned).collect())
}

#[tokio::test]
async fn bash_completes_both_words() {
    let Some(commands) = bash(&["cargo", "xtask", ""]).await else {
        return;
    };
    for command in ["up", "down", "status", "completions"] {
        assert!(commands.iter().any(|one| one == command), "{command}: {commands:?}");
    }
    assert_eq!(bash(&["cargo", "xtask", "stat"]).await.unwrap(), ["status"]);
    let flags = bash(&["cargo", "xtask", "status", "--t"]).await.unwrap();
    assert!(flags.contains(&"--timings".to_owned()) && flags.contains(&"--target".to_owned()), "{flags:?}");
    let targets = bash(&["cargo", "xtask", "up", "--target", ""]).await.unwrap();
    assert!(targets.contains(&"local".to_owned()) && targets.contains(&"k3d".to_owned()), "{targets:?}");
}

#[tokio::test]
async fn bash_leaves_the_rest_to_cargo() {
    let Some(offered) = bash(&["cargo", "bui"]).await else {
        return;
    };
    assert_eq!(offered, ["build"]);
    assert_eq!(bash(&["cargo", "xt"]).await.unwrap(), ["build", "xtask"]);
}

#[tokio::test]
async fn zsh_reads_the_script_and_knows_both_words() {
    let script = "autoload -U compinit && compinit -u -d $HOME/dump; . FILE\n\
                  print -r -- ${+functions[_cargo-xtask]} ${+functions[_xtask]} ${_comps[xtask]}";
    if let Some(known) = in_shell("zsh", &["-f"], script).await {
        assert_eq!(known.trim(), "1 1 _xtask");
    }
}

#[tokio::test]
async fn fish_completes_both_words() {
    let script = |line: &str| format!("source FILE; complete --do-complete '{line}'");
    let Some(commands) = in_shell("fish", &["--no-config"], &script("cargo xtask ")).await else {
        return;
    };
    assert!(commands.lines().any(|line| line.starts_with("status\t")), "{commands}");
    let flags = in_shell("fish", &["--no-config"], &script("cargo xtask status --tim")).await.unwrap();
    assert!(flags.lines().any(|line| line.starts_with("--timings")), "{flags}");
}
