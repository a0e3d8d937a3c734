//! What goes and what stays.

use serde_json::json;

use super::Redactor;

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(Redactor::new([]).text(text), expected);
}

#[test]
fn what_looks_like_a_secret_is_hidden() {
    check(
        "connecting to postgres://game:hunter2@db:5432/game",
        "connecting to postgres://game:[redacted]@db:5432/game",
    );
    check("GET /room?ticket=abc.def&name=x 200", "GET /room?ticket=[redacted]&name=x 200");
    check(r#"{"level":"info","token":"abc","room":7}"#, r#"{"level":"info","token":"[redacted]","room":7}"#);
    check("Authorization: Bearer abc.def.ghi end", "Authorization: Bearer [redacted] end");
    check("password: hunter2", "password: [redacted]");
    check("--ticket-secret=hunter2 --port=1", "--ticket-secret=[redacted] --port=1");
    check("key 00112233445566778899aabbccddeeff", "key [redacted]");
    check("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "jwt [redacted]");
    check("a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nb\n", "a\n[redacted]\nb\n");
}

#[test]
fn what_helps_to_find_the_cause_stays() {
    for line in [
        "secret \"game-secrets\" not found",
        "couldn't find key ticket-secret in Secret game-prod/game-secrets",
        "image sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
        "pod lobby-7dc56c799b-6j7gz uid 825262e4-edc4-4c26-b76f-4b035ea658de at 2026-11-24T10:39:59Z",
        "thread 'main' (1) panicked at game-server/src/roles/lobby.rs:11:20:",
        "Deployment/secret: its pod secret-1 names the Secret game-secrets",
        "hostToken=false",
        "  indented\tline  with   blanks",
    ] {
        check(line, line);
    }
}

#[test]
fn known_values_are_hidden_everywhere_and_in_objects_too() {
    let redactor = Redactor::new(["cafe-babe".to_owned(), "Y2FmZS1iYWJl".to_owned(), "x".to_owned()]);
    assert_eq!(redactor.text("x cafe-babe Y2FmZS1iYWJl"), "x [redacted] [redacted]");
    let mut value = json!({
        "metadata": {"name": "lobby", "managedFields": [1]},
        "env": [{"name": "DB_PASSWORD", "value": "short"}, {"name": "LEVEL", "value": "info"},
            {"name": "TICKET_SECRET", "valueFrom": {"secretKeyRef": {"name": "game-secrets", "key": "ticket-secret"}}}],
        "apiToken": "abc",
    });
    redactor.value(&mut value);
    assert_eq!(
        value,
        json!({
            "metadata": {"name": "lobby"},
            "env": [{"name": "DB_PASSWORD", "value": "[redacted]"}, {"name": "LEVEL", "value": "info"},
                {"name": "TICKET_SECRET", "valueFrom": {"secretKeyRef": {"name": "game-secrets", "key": "ticket-secret"}}}],
            "apiToken": "[redacted]",
        })
    );
}
