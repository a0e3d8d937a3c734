//! Known forms are put together in order; unknown ones are named with file and line.

use std::borrow::Cow;

use super::super::files::{Files, embedded};
use super::bundle;

fn files(sources: &[(&str, &'static str)]) -> Files {
    sources.iter().map(|(name, text)| ((*name).to_owned(), Cow::Borrowed(text.as_bytes()))).collect()
}

fn error(sources: &[(&str, &'static str)]) -> String {
    format!("{:#}", bundle(&files(sources), "main.js").unwrap_err())
}

#[test]
fn modules_run_after_those_they_import_and_each_once() {
    let script = bundle(
        &files(&[
            (
                "main.js",
                "import { a, b as c } from \"./one.js\";\nimport {\n  d,\n} from \"./net/two.js\";\nuse(a, c, d);\n",
            ),
            ("one.js", "export const a = 1;\nexport async function b() {}\n"),
            ("net/two.js", "import { a } from \"../one.js\";\nexport class d extends a {}\nconst own = 2;\n"),
            ("unused.js", "nonsense"),
        ]),
        "main.js",
    );
    let expected = "const modules = {};\n\
        modules[\"one.js\"] = (() => {\nconst a = 1;\nasync function b() {}\nreturn { a, b };\n})();\n\
        modules[\"net/two.js\"] = (() => {\nconst { a } = modules[\"one.js\"];\nclass d extends a {}\nconst own = 2;\nreturn { d };\n})();\n\
        modules[\"main.js\"] = (() => {\nconst { a, b: c } = modules[\"one.js\"];\nconst { d } = modules[\"net/two.js\"];\nuse(a, c, d);\nreturn {  };\n})();\n\
        window.modules = Object.freeze(modules);\n";
    assert_eq!(script.unwrap(), expected);
}

#[test]
fn the_page_itself_is_put_together_from_every_module() {
    let files = embedded();
    let script = bundle(&files, "main.js").unwrap();
    for name in files.keys().filter(|name| name.ends_with(".js")) {
        assert_eq!(script.matches(&format!("modules[\"{name}\"] = (")).count(), 1, "{name}");
    }
    assert!(!script.lines().any(|line| line.starts_with("import") || line.starts_with("export")));
}

#[test]
fn what_cannot_be_put_together_is_told_with_its_place() {
    let one = ("one.js", "export const a = 1;\n");
    for (source, part) in [
        ("\nimport a from \"./one.js\";\n", "main.js, line 2: unknown form"),
        ("import * as a from \"./one.js\";\n", "main.js, line 1: unknown form"),
        ("import { a } from './one.js';\n", "main.js, line 1: unknown form"),
        ("import { a } from \"one.js\";\n", "one.js is not relative"),
        ("import { a } from \"../one.js\";\n", "leads out of the page's folder"),
        ("import { a } from \"./two.js\";\n", "main.js, line 1: there is no file two.js"),
        ("import { b } from \"./one.js\";\n", "main.js, line 1: one.js does not export b"),
        ("import { a\n", "an import without an end"),
        ("export default 1;\n", "main.js, line 1: unknown form"),
        ("export let a = 1;\n", "main.js, line 1: unknown form"),
        ("export const { a } = {};\n", "is not a name"),
        ("  import(\"./one.js\");\n", "main.js, line 1: modules are put together"),
    ] {
        let said = error(&[("main.js", source), one]);
        assert!(said.contains(part), "{source:?}: {said}");
    }
    let circle = [
        ("main.js", "import { a } from \"./one.js\";\nexport const b = 1;\n"),
        ("one.js", "import { b } from \"./main.js\";\nexport const a = 1;\n"),
    ];
    assert!(error(&circle).contains("main.js → one.js → main.js"));
}
