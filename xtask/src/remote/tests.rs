//! Two spellings of an address, and what is to be typed.

use super::*;

#[test]
fn an_address_has_several_spellings() {
    for other in ["https://10.0.0.1", "https://10.0.0.1/", "https://10.0.0.1:443", "https://10.0.0.1:443/"] {
        assert!(is_same_address("https://10.0.0.1:443/", other), "{other}");
    }
    for other in [
        "http://10.0.0.1:443",
        "https://10.0.0.1:6443",
        "https://10.0.0.2",
        "https://10.0.0.1/k8s/x",
        "",
        "x",
    ] {
        assert!(!is_same_address("https://10.0.0.1", other), "{other}");
    }
    assert!(is_same_address("https://Rancher.example/k8s/c-1", "https://rancher.example:443/k8s/c-1/"));
    assert!(!is_same_address("nonsense", "nonsense"));
}

#[test]
fn a_fix_names_the_target() {
    assert_eq!(
        with_target(
            "run `cargo xtask diagnose`, then `kubectl get pods` and `cargo xtask deploy --now`",
            "prod"
        ),
        "run `cargo xtask diagnose --target prod`, then `kubectl get pods` and `cargo xtask deploy --now --target prod`"
    );
    for said in ["`cargo xtask targets add x`", "`cargo xtask up --target local`", "cargo xtask up", ""] {
        assert_eq!(with_target(said, "prod"), said);
    }
}
