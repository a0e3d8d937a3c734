//! A known failure: how it shows on the machine and in a log, why it happens, what to do about it.

use serde::Serialize;

use crate::doctor::machine::Machine;

/// How much a finding is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Of no interest to this target: not shown.
    Silent,
    /// Good to know; nothing to do for this target.
    Info,
    /// Works, until it does not.
    Warn,
    /// The target cannot come up like this.
    Fail,
}

/// What a finding means for each place where the game, or a Kubernetes of one's own, can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Severity {
    /// A k3s (or kubeadm) installed in this system itself: no target of ours, but where many come from.
    pub native_k3s: Level,
    pub k3d: Level,
    pub local: Level,
}

/// What the checks are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    NativeK3s,
    K3d,
    Local,
}

/// Looks at a snapshot; never at the machine.
pub type Check = fn(&Machine) -> Option<Found>;

/// One known failure. `{name}` in cause and fix stands for a value that the check or the log line gave.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable: scripts and people search for it.
    pub id: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    pub severity: Severity,
    pub cause: &'static str,
    pub fix: &'static str,
    /// A safe command that `--fix` offers to run.
    pub repair: &'static [&'static str],
    /// How to see it coming; `None` where only a log shows it.
    pub check: Option<Check>,
    /// How logs tell it; `None` where no text does.
    pub log: Option<LogText>,
}

/// Rules about one thing, with the section of the handbook that tells more.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    pub title: &'static str,
    /// Anchor in docs/when-something-fails.md.
    pub section: &'static str,
    pub rules: &'static [Rule],
}

/// What a line of a log says about the order of things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is why something failed.
    Cause,
    /// It follows from a cause that another line names.
    Consequence,
    /// It looks bad and means nothing.
    Decoy,
}

/// A failure as logs write it.
#[derive(Debug, Clone, Copy)]
pub struct LogText {
    /// Regular expression; groups with names fill the `{name}`s of cause and fix.
    pub pattern: &'static str,
    /// Lines that match this as well mean something else.
    pub except: &'static str,
    pub kind: Kind,
    pub example: &'static str,
}

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is there, with the value that was read.
    pub evidence: String,
    /// The severity of the rule is not exceeded, but may be lowered.
    pub at_most: Level,
    pub values: Vec<(&'static str, String)>,
}

impl Severity {
    pub const fn on(self, profile: Profile) -> Level {
        match profile {
            Profile::NativeK3s => self.native_k3s,
            Profile::K3d => self.k3d,
            Profile::Local => self.local,
        }
    }
}

impl Profile {
    pub const fn name(self) -> &'static str {
        match self {
            Self::NativeK3s => "native k3s",
            Self::K3d => "k3d",
            Self::Local => "local",
        }
    }
}

impl Rule {
    pub const fn new(id: &'static str, title: &'static str) -> Self {
        let severity = Severity { native_k3s: Level::Silent, k3d: Level::Silent, local: Level::Silent };
        Self { id, title, severity, cause: "", fix: "", repair: &[], check: None, log: None }
    }

    /// Levels for a native k3s, for k3d and for the local process.
    pub const fn check(mut self, levels: [Level; 3], check: Check) -> Self {
        self.severity = Severity { native_k3s: levels[0], k3d: levels[1], local: levels[2] };
        self.check = Some(check);
        self
    }

    pub const fn cause(mut self, cause: &'static str) -> Self {
        self.cause = cause;
        self
    }

    pub const fn fix(mut self, fix: &'static str) -> Self {
        self.fix = fix;
        self
    }

    pub const fn repair(mut self, command: &'static [&'static str]) -> Self {
        self.repair = command;
        self
    }

    /// A pattern and a line that it is for.
    pub const fn log(mut self, pattern: &'static str, example: &'static str) -> Self {
        self.log = Some(LogText { pattern, except: "", kind: Kind::Cause, example });
        self
    }

    /// Lines that another rule explains better.
    pub const fn except(mut self, pattern: &'static str) -> Self {
        if let Some(text) = &mut self.log {
            text.except = pattern;
        }
        self
    }

    pub const fn kind(mut self, kind: Kind) -> Self {
        if let Some(text) = &mut self.log {
            text.kind = kind;
        }
        self
    }
}

impl Found {
    pub fn new(evidence: impl Into<String>) -> Self {
        Self { evidence: evidence.into(), at_most: Level::Fail, values: Vec::new() }
    }

    /// For a weaker form of the same thing.
    pub const fn at_most(mut self, level: Level) -> Self {
        self.at_most = level;
        self
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.values.push((name, value.to_string()));
        self
    }
}

/// Puts values where a text says `{name}`; what nobody gave stays as `<name>`.
pub fn fill(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                filled.push_str(&value_of(name).unwrap_or_else(|| format!("<{name}>")));
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}
