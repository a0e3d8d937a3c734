//! What counts as an edit.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Sources, counts, next};

fn clone() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("Cargo.toml", "[workspace]"),
        ("game-server/Cargo.toml", "[package]"),
        ("game-server/src/roles/chat.rs", "// chat"),
        ("game-server/tests/it/main.rs", "// a test"),
        ("game-server/web/main.js", "// page"),
        ("target/debug/x.rs", "// built"),
    ] {
        write(root.path(), path, text);
    }
    root
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn code_and_pages_are_told_apart_and_the_rest_does_not_count() {
    let root = clone();
    let before = Sources::look(root.path());
    write(root.path(), "game-server/tests/it/main.rs", "// another test");
    write(root.path(), "target/debug/x.rs", "// built again");
    write(root.path(), "game-server/src/roles/.chat.rs.swp", "");
    assert_eq!(Sources::look(root.path()), before);
    write(root.path(), "game-server/web/main.js", "// page, changed");
    let edit = Sources::look(root.path()).edit_since(&before);
    assert!(edit.pages && !edit.code);
    write(root.path(), "game-server/src/roles/chat/new_file.rs", "");
    fs::remove_file(root.path().join("game-server/src/roles/chat.rs")).unwrap();
    let edit = Sources::look(root.path()).edit_since(&before);
    assert!(edit.pages && edit.code);
    assert_eq!(edit.files.len(), 3, "{edit:?}");
    assert!(edit.files.contains(&PathBuf::from("game-server/src/roles/chat.rs")));
}

#[test]
fn files_of_editors_do_not_count() {
    for name in [".chat.rs.swp", "chat.rs~", "#chat.rs#", ".#chat.rs", "chat.rs.tmp", "4913"] {
        assert!(!counts(name), "{name}");
    }
    for name in ["chat.rs", "host_link", "roles", "0001_results_and_players.sql", "index.html"] {
        assert!(counts(name), "{name}");
    }
}

#[tokio::test]
async fn several_quick_saves_are_one_edit() {
    let root = clone();
    let mut seen = Sources::look(root.path());
    let saving = root.path().to_path_buf();
    let saves = async {
        for save in 0..8 {
            write(&saving, "game-server/src/roles/chat.rs", &"// saved\n".repeat(save + 2));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (edit, ()) = tokio::join!(next(root.path(), &mut seen), saves);
    assert!(edit.code);
    let more = tokio::time::timeout(Duration::from_millis(300), next(root.path(), &mut seen)).await;
    assert!(more.is_err(), "{more:?}");
}
