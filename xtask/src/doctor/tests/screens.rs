//! What people see: it fits 80 columns and says everything.

use super::*;
use crate::doctor::{Diagnosis, log, screen};

fn broken() -> Diagnosis {
    let mut machine = wsl();
    set(&mut machine, "/proc/mounts", fixture!("mounts_wsl2.txt"));
    machine.port_holder = Some("node (pid 4121)".to_owned());
    machine.docker.missing_helpers = vec!["docker-credential-desktop.exe".to_owned()];
    let findings = judge(&machine);
    Diagnosis { machine, findings, seconds: 0.05 }
}

#[test]
fn the_worst_stands_last_and_lines_fit() {
    let text = screen::diagnosis(&broken());
    let place = |mark: &str| text.find(mark).unwrap_or_else(|| panic!("no {mark} in {text}"));
    assert!(place("[mounts-unescaped-space]") < place("[docker-credential-helper]"), "{text}");
    assert!(place("[docker-credential-helper]") < place("[port-in-use]"), "{text}");
    assert!(text.contains("1 thing in the way, 1 warning, 1 note for target k3d"), "{text}");
    // A word that is longer than the line, such as the options of a mount, is left whole.
    let too_long = |line: &&str| line.chars().count() > 80 && line.trim().contains(' ');
    assert_eq!(text.lines().find(too_long), None);
}

#[test]
fn a_log_is_told_cause_first() {
    let text = "\
Active: activating (auto-restart) (Result: exit-code)
level=warning msg=\"Failed to load kernel module br_netfilter with modprobe\"
E1202 kubelet.go:1703] \"Failed to start ContainerManager\" err=\"system validation failed - wrong number of fields (expected 6, got 7)\"
The connection to the server 127.0.0.1:6443 was refused
";
    let explanation = log::explain(text.as_bytes()).unwrap();
    let screen = screen::log(&explanation);
    let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("no {text} in {screen}"));
    assert!(place("root  a line of the mounts table has an unescaped space") < place("line 3"));
    assert!(place("certain: these words have no other cause") < place("docs/when-something-fails.md#mounts"));
    assert!(place("docs/when-something-fails.md#mounts") < place("line 1 follows from it: systemd starts"));
    assert!(place("line 4 follows from it") < place("line 2 means nothing here"));
    assert_eq!(screen.lines().find(|line| line.chars().count() > 80), None, "{screen}");
}

#[test]
fn a_log_that_nothing_is_known_of_is_told_in_its_own_words() {
    let text = "\
level=info msg=\"Starting k3s v1.34.4+k3s1\"
level=error msg=\"the frobnicator is out of phase\"
level=fatal msg=\"starting kubernetes: the flux is not what it was\"
";
    let screen = screen::log(&log::explain(text.as_bytes()).unwrap());
    for told in ["No cause that is known", "frobnicator is out of phase", "(k3s), fatal", "the flux is"] {
        assert!(screen.contains(told), "no {told} in {screen}");
    }
    assert!(screen.contains("next") && !screen.contains("doctor --log"), "{screen}");
    let quiet = screen::log(&log::explain(&b"all is well\n"[..]).unwrap());
    assert!(quiet.contains("No trouble that is known, in 1 lines"), "{quiet}");
}

#[test]
fn the_evidence_shows_what_was_recognised() {
    let text = format!("{}no space left on device{}", "a".repeat(500), "b".repeat(500));
    let shown = screen::evidence(&text, (500, 523));
    assert!(
        shown.starts_with('…') && shown.ends_with('…') && shown.contains("no space left on device"),
        "{shown}"
    );
    assert!(shown.chars().count() < 200, "{shown}");
}

#[test]
fn every_rule_can_be_explained() {
    for (family, rule) in rules::all() {
        let text = screen::rule(family, rule);
        assert!(text.contains(rule.id) && text.contains(family.section), "{text}");
        assert!(screen::list().contains(rule.id));
    }
}

#[test]
fn repairs_go_to_programs_of_the_system_only_where_they_are() {
    use crate::doctor::repair::command;
    let mut machine = linux();
    set(&mut machine, "/proc/sys/net/ipv4/ip_forward", "0\n");
    let finding = judge(&machine).into_iter().find(|finding| finding.id == "ip-forward-off").unwrap();
    let words = ["sudo", "--non-interactive", "sysctl", "-w", "net.ipv4.ip_forward=1"];
    assert_eq!(command(&machine, &finding).unwrap(), words);
    machine.is_root = true;
    assert_eq!(command(&machine, &finding).unwrap(), words[2..]);
    machine.os = "macos";
    assert_eq!(command(&machine, &finding), None);
}
