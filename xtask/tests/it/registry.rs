//! A push as registries want it, against one that checks every digest.

pub mod stand_in;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xtask::commands::image::archive::{self, Archive};
use xtask::registry::{Pushed, Repository};
use xtask::report::{Exit, Failure, Report};

use stand_in::{Access, SECRET, StandIn, USER};

fn image(binary: &str) -> Archive {
    archive::pack(binary.as_bytes(), "amd64").unwrap()
}

/// A folder with what `docker login` would have written into its config.
fn config(registry: &StandIn, login: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let entry = match login {
        "" => "{}".to_owned(),
        login => format!(r#"{{"{}": {{"auth": "{}"}}}}"#, registry.host(), STANDARD.encode(login)),
    };
    std::fs::write(folder.path().join("config.json"), format!(r#"{{"auths": {entry}}}"#)).unwrap();
    folder
}

fn repository(registry: &StandIn, report: &Report, login: &tempfile::TempDir) -> Repository {
    let repository = Repository::new(report, &format!("{}/team/game-server", registry.host())).unwrap();
    repository.with_logins(login.path().join("config.json"))
}

async fn push(registry: &StandIn, login: &str, image: &Archive) -> Result<Pushed> {
    let login = config(registry, login);
    repository(registry, &Report::quiet(), &login).push(image.pieces().unwrap()).await
}

fn right_login() -> String {
    format!("{USER}:{SECRET}")
}

#[tokio::test]
async fn a_push_brings_all_and_a_second_one_nothing_however_one_logs_in() {
    for (access, login) in
        [(Access::Open, String::new()), (Access::Basic, right_login()), (Access::Token, right_login())]
    {
        let registry = StandIn::start(access).await;
        let image = image("one");
        let pushed = push(&registry, &login, &image).await.unwrap();
        assert_eq!((pushed.blobs, pushed.manifest), (2, true), "{access:?}");
        let tag = image.reference.rsplit(':').next().unwrap();
        let writes = registry.with(|held| {
            assert_eq!(held.tags[tag], image.digest, "{access:?}");
            assert!(held.manifests.contains_key(&image.digest));
            held.writes()
        });
        assert_eq!(writes, 5, "two uploads of two requests, and the manifest");
        assert_eq!(push(&registry, &login, &image).await.unwrap(), Pushed::default(), "{access:?}");
        assert_eq!(registry.with(|held| held.writes()), writes, "{access:?}");
    }
}

#[tokio::test]
async fn only_what_is_lacking_is_sent_and_the_manifest_last() {
    let registry = StandIn::start(Access::Open).await;
    let image = image("one");
    let config = image.pieces().unwrap().blobs.last().unwrap().clone();
    registry.with(|held| held.blobs.insert(config.digest.clone(), config.bytes.to_vec()));
    let pushed = push(&registry, "", &image).await.unwrap();
    assert_eq!((pushed.blobs, pushed.manifest), (1, true));
    let asked = registry.with(|held| held.asked.clone());
    let written: Vec<&String> = asked.iter().filter(|one| !one.starts_with("HEAD")).collect();
    assert_eq!(written.len(), 3, "{asked:?}");
    assert!(written[2].starts_with("PUT /v2/team/game-server/manifests/"), "{asked:?}");
}

#[tokio::test]
async fn a_dry_run_looks_and_brings_nothing() {
    let registry = StandIn::start(Access::Token).await;
    let (image, login) = (image("one"), config(&registry, &right_login()));
    let dry = repository(&registry, &Report::quiet().dry(true), &login);
    let pushed = dry.push(image.pieces().unwrap()).await.unwrap();
    assert_eq!((pushed.blobs, pushed.manifest), (2, true), "what would be sent");
    assert_eq!(registry.with(|held| (held.writes(), held.blobs.len())), (0, 0));
    assert!(!dry.holds(&image.digest).await.unwrap());
}

#[tokio::test]
async fn without_the_right_login_it_says_how_to_get_one() {
    for access in [Access::Basic, Access::Token] {
        for login in ["", "robot:wrong"] {
            let registry = StandIn::start(access).await;
            let error = push(&registry, login, &image("one")).await.unwrap_err();
            let failure = error.downcast_ref::<Failure>().unwrap();
            assert_eq!(failure.exit, Exit::Prerequisite, "{access:?} {login}: {failure}");
            assert!(failure.fix.contains(&format!("docker login {}", registry.host())), "{}", failure.fix);
            assert!(failure.found.contains("401"), "{failure}");
            assert_eq!(registry.with(|held| held.asked.len()), 0);
        }
    }
}

#[tokio::test]
async fn what_is_damaged_on_the_way_is_not_taken_for_pushed() {
    let registry = StandIn::start(Access::Open).await;
    let image = image("one");
    let pieces = image.pieces().unwrap();
    let mut blobs = pieces.blobs.to_vec();
    blobs[0].bytes = b"something else".to_vec().into();
    let damaged = xtask::registry::Pieces { blobs: &blobs, ..pieces };
    let login = config(&registry, "");
    let error = repository(&registry, &Report::quiet(), &login).push(damaged).await.unwrap_err();
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Build);
    assert!(failure.found.contains("DIGEST_INVALID"), "{failure}");
    assert!(registry.with(|held| held.manifests.is_empty()), "an image that can be named is whole");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_a_prerequisite() {
    let nobody = xtask::processes::ports::any_free().unwrap();
    let repository =
        Repository::new(&Report::quiet(), &format!("127.0.0.1:{nobody}/team/game-server")).unwrap();
    let error = repository.holds("sha256:00").await.unwrap_err();
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Prerequisite);
    assert!(failure.found.contains("does not answer"), "{failure}");
}
