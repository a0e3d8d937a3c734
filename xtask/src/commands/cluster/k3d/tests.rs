//! Outputs of k3d v5.9.0, as recorded.

use super::*;

#[test]
fn the_cause_of_a_failed_create_is_the_first_error_and_not_the_clean_up() {
    let output = r#"time="2026-11-24T06:00:01Z" level=info msg="Prep: Network"
time="2026-11-24T06:00:02Z" level=error msg="docker failed to remove the container 'k3d-a-serverlb': Error: No such container"
time="2026-11-24T06:00:03Z" level=error msg="failed Cluster Creation: docker failed to pull the image 'rancher/k3s:nope': Get \"https://registry/v2/\": no such host"
time="2026-11-24T06:00:04Z" level=fatal msg="Cluster creation FAILED, all changes have been rolled back!""#;
    let found = cause(output);
    assert!(found.starts_with("failed Cluster Creation: docker failed to pull"), "{found}");
    assert!(found.contains("\"https://registry/v2/\""), "{found}");
}

#[test]
fn without_errors_the_fatal_line_speaks() {
    let output = "time=\"x\" level=fatal msg=\"Schema Validation failed for config file -: - (root): Additional property serverz is not allowed\"";
    assert!(cause(output).starts_with("Schema Validation failed"));
    assert_eq!(cause(""), "");
}
