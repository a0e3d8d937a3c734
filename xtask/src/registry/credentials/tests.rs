//! Configs as `docker login` writes them.

use serde_json::json;

use super::*;

fn login(user: &str, secret: &str) -> Credentials {
    Credentials::Login { user: user.to_owned(), secret: secret.to_owned() }
}

#[test]
fn what_stands_in_the_file_is_found_under_every_spelling() {
    let auth = |text: &str| json!({ "auth": STANDARD.encode(text) });
    let config = json!({"auths": {
        "ghcr.io": auth("me:secret:with:colons"),
        "https://registry.example:5000": auth("old:zeros\0\0"),
        HUB: auth("hub:word"),
        "plain.example": {"username": "a", "password": "b"},
        "token.example": {"registrytoken": "t"},
        "empty.example": {},
    }});
    let expected = [
        ("ghcr.io", login("me", "secret:with:colons")),
        ("registry.example:5000", login("old", "zeros")),
        ("docker.io", login("hub", "word")),
        ("plain.example", login("a", "b")),
        ("token.example", Credentials::Token("t".to_owned())),
        ("empty.example", Credentials::None),
        ("elsewhere.example", Credentials::None),
    ];
    for (registry, expected) in expected {
        assert!(written(&config, registry).unwrap() == expected, "{registry}");
    }
    assert!(written(&json!({"auths": {"x": {"auth": "no base64!"}}}), "x").is_err());
}

#[test]
fn the_most_special_helper_is_asked() {
    let config = json!({
        "auths": {"written.example": {"auth": STANDARD.encode("a:b")}, "stored.example": {}},
        "credHelpers": {"1234.dkr.ecr.eu-west-1.amazonaws.com": "ecr-login"},
        "credsStore": "desktop",
    });
    assert_eq!(helper(&config, "1234.dkr.ecr.eu-west-1.amazonaws.com"), Some("ecr-login"));
    assert_eq!(helper(&config, "stored.example"), Some("desktop"));
    assert_eq!(helper(&config, "written.example"), None);
    assert_eq!(helper(&json!({}), "ghcr.io"), None);
}
