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
    let matches = log::explain(text);
    let screen = screen::log(&matches, 4);
    let place = |text: &str| screen.find(text).unwrap_or_else(|| panic!("no {text} in {screen}"));
    assert!(place("root  a line of the mounts table has an unescaped space") < place("line 3: E1202"));
    assert!(
        place("docs/when-something-fails.md#mounts") < place("line 1 follows from it: systemd starts k3s")
    );
    assert!(place("line 4 follows from it") < place("line 2 means nothing here"));
    assert_eq!(screen.lines().find(|line| line.chars().count() > 80), None);
    assert!(screen::log(&[], 3).contains("nothing known in 3 lines"));
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
