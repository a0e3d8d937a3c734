//! A known failure: how it shows on the machine and in a log, why it happens, what to do about it.

use log_reader::Speaker;
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
    /// How logs tell it; empty where no text does.
    pub logs: [Option<LogText>; SAYINGS_MAX],
    /// What tells whether this is it: a command, and what its answer means.
    pub tell: &'static str,
    /// What deletes or makes anew, with what is lost; for when the check says so and the fix does not help.
    pub last_resort: &'static str,
    /// Other names under which the same failure is known.
    pub answers: &'static [&'static str],
}

/// Ways of saying one failure that need a pattern of their own.
pub const SAYINGS_MAX: usize = 8;

/// Rules about one thing, with the section of the handbook that tells more.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    pub title: &'static str,
    /// Anchor in docs/when-something-fails.md.
    pub section: &'static str,
    /// What belongs together, told for people.
    pub about: &'static str,
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

/// How sure a text makes one of its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// One of several that would say the same.
    Possible,
    /// It is this more often than everything else together.
    Likely,
    /// The text admits no other cause.
    Certain,
}

/// A failure as logs write it.
#[derive(Debug, Clone, Copy)]
pub struct LogText {
    /// Regular expression that knows no case; groups with names fill the `{name}`s of title, cause and fix.
    pub pattern: &'static str,
    /// Lines that match this as well mean something else.
    pub except: &'static str,
    /// Who is believed; empty for anybody.
    pub by: &'static [Speaker],
    /// Must be said somewhere in the log as well; empty for nothing.
    pub with: &'static str,
    /// Must not be said anywhere in the log; empty for nothing.
    pub without: &'static str,
    pub kind: Kind,
    pub certainty: Certainty,
    /// It says what happened and to whom, not why: anything more specific outranks it.
    pub general: bool,
    /// Said at every start, while parts do not find each other yet: it means something when it goes on.
    pub at_start: bool,
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
        Self {
            id,
            title,
            severity,
            cause: "",
            fix: "",
            repair: &[],
            check: None,
            logs: [None; SAYINGS_MAX],
            tell: "",
            last_resort: "",
            answers: &[],
        }
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

    /// A pattern and a line that it is for. What follows (`by`, `except`, `certain`, …) is about this pattern.
    pub const fn log(mut self, pattern: &'static str, example: &'static str) -> Self {
        let mut at = 0;
        while self.logs[at].is_some() {
            at += 1;
        }
        self.logs[at] = Some(LogText {
            pattern,
            except: "",
            by: &[],
            with: "",
            without: "",
            kind: Kind::Cause,
            certainty: Certainty::Likely,
            general: false,
            at_start: false,
            example,
        });
        self
    }

    const fn last(&self) -> usize {
        let mut at = 0;
        while at + 1 < SAYINGS_MAX && self.logs[at + 1].is_some() {
            at += 1;
        }
        at
    }

    /// Lines that another rule explains better.
    pub const fn except(mut self, pattern: &'static str) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.except = pattern;
        }
        self
    }

    /// Only these are believed.
    pub const fn by(mut self, speakers: &'static [Speaker]) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.by = speakers;
        }
        self
    }

    /// Another line must say this.
    pub const fn with(mut self, pattern: &'static str) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.with = pattern;
        }
        self
    }

    /// No line may say this.
    pub const fn without(mut self, pattern: &'static str) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.without = pattern;
        }
        self
    }

    pub const fn kind(mut self, kind: Kind) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.kind = kind;
        }
        self
    }

    const fn how_sure(mut self, certainty: Certainty) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.certainty = certainty;
        }
        self
    }

    /// The text admits no other cause.
    pub const fn certain(self) -> Self {
        self.how_sure(Certainty::Certain)
    }

    /// Several causes say the same.
    pub const fn possible(self) -> Self {
        self.how_sure(Certainty::Possible)
    }

    pub const fn general(mut self) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.general = true;
        }
        self
    }

    /// It is said at every start as well.
    pub const fn at_start(mut self) -> Self {
        let at = self.last();
        if let Some(text) = &mut self.logs[at] {
            text.at_start = true;
        }
        self
    }

    pub const fn tell(mut self, tell: &'static str) -> Self {
        self.tell = tell;
        self
    }

    pub const fn last_resort(mut self, last_resort: &'static str) -> Self {
        self.last_resort = last_resort;
        self
    }

    pub const fn answers(mut self, answers: &'static [&'static str]) -> Self {
        self.answers = answers;
        self
    }

    /// How logs tell it.
    pub fn says(&self) -> impl Iterator<Item = &LogText> {
        self.logs.iter().flatten()
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
