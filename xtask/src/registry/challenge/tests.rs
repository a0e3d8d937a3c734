//! Headers as registries send them.

use super::*;

#[test]
fn registries_are_understood() {
    let bearer = |realm: &str, query: &str| {
        Some(Challenge::Bearer { realm: realm.to_owned(), query: query.to_owned() })
    };
    let headers = [
        (
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:team/game:pull,push""#,
            bearer(
                "https://auth.docker.io/token",
                "service=registry.docker.io&scope=repository:team/game:pull,push",
            ),
        ),
        (
            r#"Bearer realm="https://ghcr.io/token", service="ghcr.io", scope="repository:a/b:pull""#,
            bearer("https://ghcr.io/token", "service=ghcr.io&scope=repository:a/b:pull"),
        ),
        (
            r#"bearer realm=https://x/token,service=two words"#,
            bearer("https://x/token", "service=two%20words"),
        ),
        (r#"Basic realm="https://1234.dkr.ecr.eu-west-1.amazonaws.com/""#, Some(Challenge::Basic)),
        ("Basic", Some(Challenge::Basic)),
        ("Negotiate", None),
        (r#"Bearer service="x""#, None),
    ];
    for (header, expected) in headers {
        assert_eq!(Challenge::parse(header), expected, "{header}");
    }
}
