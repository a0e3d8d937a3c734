//! Who may import whom.

use super::{Finding, Source, holds_word};

/// Files whose path starts with `files`, less those in `except`, must not name any of `forbidden`.
struct Arrow {
    files: &'static str,
    except: &'static [&'static str],
    forbidden: &'static [&'static str],
    why: &'static str,
}

const ARROWS: &[Arrow] = &[
    Arrow {
        files: "game-server/src/sim",
        except: &[],
        forbidden: &[
            "tokio",
            "std::time",
            "std::thread",
            "std::env",
            "HashMap",
            "HashSet",
            "rand",
            "crate::protocol",
            "crate::net",
            "crate::store",
            "crate::roles",
        ],
        why: "sim is pure and deterministic",
    },
    Arrow {
        files: "game-server/src/protocol",
        except: &[],
        forbidden: &["tokio", "crate::sim", "crate::net", "crate::store", "crate::roles"],
        why: "protocol turns bytes into values and knows nothing else",
    },
    Arrow {
        files: "game-server/src/net",
        except: &[],
        forbidden: &["crate::domain", "crate::protocol", "crate::sim", "crate::store", "crate::roles"],
        why: "net moves frames that it cannot read",
    },
    Arrow {
        files: "game-server/src/store",
        except: &[],
        forbidden: &["crate::protocol", "crate::sim", "crate::net", "crate::roles"],
        why: "store keeps values of the domain",
    },
    Arrow {
        files: "game-server/src/domain",
        except: &[],
        forbidden: &["crate::"],
        why: "domain is the bottom",
    },
    Arrow {
        files: "xtask/src",
        except: &["xtask/src/docker"],
        forbidden: &["bollard"],
        why: "only docker.rs talks to the engine",
    },
    Arrow {
        files: "xtask/src",
        except: &["xtask/src/kubernetes"],
        forbidden: &["kube", "k8s_openapi"],
        why: "only kubernetes.rs talks to clusters",
    },
    Arrow {
        files: "xtask/src",
        except: &["xtask/src/manifests"],
        forbidden: &["serde_yaml"],
        why: "only manifests.rs reads YAML",
    },
    Arrow {
        files: "xtask/src",
        except: &["xtask/src/processes"],
        forbidden: &["std::process::Command", "tokio::process", "duct", "xshell", "which"],
        why: "only processes.rs spawns",
    },
    Arrow {
        files: "xtask/src",
        except: &["xtask/src/registry"],
        forbidden: &["hyper_util", "hyper_rustls", "http_body_util"],
        why: "only registry.rs speaks HTTP over TLS",
    },
    Arrow {
        files: "xtask/src/diagnosis",
        except: &[],
        forbidden: &["tokio", "std::fs", "std::env", "crate::kubernetes", "crate::docker", "crate::context"],
        why: "a diagnosis reads recorded facts and asks nobody",
    },
    Arrow {
        files: "xtask/src",
        except: &[],
        forbidden: &["game_server"],
        why: "xtask meets the game server on the command line and on the wire",
    },
];

/// Commands that are made of other commands.
const COMPOSITES: [&str; 10] = ["up", "down", "stop", "start", "deploy", "plan", "dev", "doctor", "gc", "ci"];

pub fn check(source: &Source) -> Vec<Finding> {
    if !source.path.ends_with(".rs") || is_test(&source.path) {
        return Vec::new();
    }
    let code = || source.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
    let mut findings = Vec::new();
    for (index, line) in code() {
        findings.extend(broken_arrows(&source.path, line).map(|text| (index, text)));
        findings.extend(sideways(&source.path, line).map(|text| (index, text)));
    }
    let to_finding = |(index, text)| Finding { path: source.path.clone(), line: index + 1, text };
    findings.into_iter().map(to_finding).collect()
}

fn is_test(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/") || path.starts_with("xtask/src/tidy")
}

fn broken_arrows(path: &str, line: &str) -> impl Iterator<Item = String> {
    let applies = |arrow: &&Arrow| {
        path.starts_with(arrow.files) && !arrow.except.iter().any(|except| path.starts_with(except))
    };
    let broken = move |arrow: &Arrow| {
        let word = arrow.forbidden.iter().find(|word| names(line, word))?;
        Some(format!("names {word}: {}", arrow.why))
    };
    ARROWS.iter().filter(applies).filter_map(broken).collect::<Vec<_>>().into_iter()
}

/// A crate is named by a path (`kube::`) or an import (`use kube;`), not by a word in a string or a local name.
fn names(line: &str, word: &str) -> bool {
    if word.starts_with(char::is_uppercase) || word.contains("::") && !word.ends_with("::") {
        return holds_word(line, word);
    }
    if word.ends_with("::") {
        return line.contains(word);
    }
    line.match_indices(&format!("{word}::")).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

/// A role imports no other role and a command no other command, the composites aside.
fn sideways(path: &str, line: &str) -> Option<String> {
    for (folder, module, free) in [
        ("game-server/src/roles/", "crate::roles::", &["all"][..]),
        ("xtask/src/commands/", "crate::commands::", &COMPOSITES[..]),
    ] {
        let Some(rest) = path.strip_prefix(folder) else {
            continue;
        };
        let own = rest.split(['/', '.']).next().unwrap_or_default();
        let other = line.split(module).nth(1).map(first_name).filter(|other| *other != own);
        if let Some(other) = other.filter(|_| !free.contains(&own)) {
            return Some(format!("{own} imports its neighbour {other}"));
        }
    }
    None
}

fn first_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
