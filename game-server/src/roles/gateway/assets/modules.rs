//! Puts plain ES modules together into one script, so that no two of them can be of different builds.
//!
//! Every module becomes a function that is called once, after those it imports from, and returns what it exports.
//! That needs the few forms of `import` and `export` that the page uses, each at the beginning of a line; any other is
//! an error that names file and line, never a script that does something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use anyhow::{Context, bail, ensure};

use super::files::Files;

/// A module whose imports and exports are known.
struct Module {
    /// Modules in the order in which they are imported.
    imports: Vec<Import>,
    exports: BTreeSet<String>,
    body: String,
}

/// One `import` declaration.
struct Import {
    from: String,
    names: Vec<String>,
    line: usize,
}

/// The script that runs `entry` and everything it imports, directly or not.
pub fn bundle(files: &Files, entry: &str) -> anyhow::Result<String> {
    let mut bundler = Bundler { files, done: BTreeMap::new(), path: Vec::new(), script: String::new() };
    bundler.script.push_str("const modules = {};\n");
    bundler.add(entry)?;
    // For whoever looks into the running page, tests among them.
    bundler.script.push_str("window.modules = Object.freeze(modules);\n");
    Ok(bundler.script)
}

struct Bundler<'a> {
    files: &'a Files,
    /// Exports of the modules that the script already has.
    done: BTreeMap<String, BTreeSet<String>>,
    /// From the entry to the module that is being added.
    path: Vec<String>,
    script: String,
}

impl Bundler<'_> {
    fn add(&mut self, name: &str) -> anyhow::Result<()> {
        if self.done.contains_key(name) {
            return Ok(());
        }
        self.path.push(name.to_owned());
        let repeated = self.path.iter().filter(|above| *above == name).count() > 1;
        ensure!(!repeated, "modules import each other in a circle: {}", self.path.join(" → "));
        let content = self.files.get(name).with_context(|| format!("there is no file {name}"))?;
        let source = std::str::from_utf8(content).with_context(|| format!("{name} is not UTF-8"))?;
        let module = read(name, source)?;
        for import in &module.imports {
            self.add(&import.from).with_context(|| format!("{name}, line {}", import.line))?;
            let exports = &self.done[&import.from];
            let missing = import.names.iter().find(|wanted| !exports.contains(*wanted));
            if let Some(missing) = missing {
                bail!("{name}, line {}: {} does not export {missing}", import.line, import.from);
            }
        }
        let returned: Vec<&str> = module.exports.iter().map(String::as_str).collect();
        writeln!(
            self.script,
            "modules[\"{name}\"] = (() => {{\n{}return {{ {} }};\n}})();",
            module.body,
            returned.join(", ")
        )?;
        self.done.insert(name.to_owned(), module.exports);
        self.path.pop();
        Ok(())
    }
}

fn read(name: &str, source: &str) -> anyhow::Result<Module> {
    let mut module = Module { imports: Vec::new(), exports: BTreeSet::new(), body: String::new() };
    let mut lines = source.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let at = || format!("{name}, line {}", index + 1);
        if line.starts_with("import ") || line.starts_with("import{") {
            let mut declaration = line.to_owned();
            while !declaration.contains(';') {
                let (_, more) = lines.next().with_context(at).context("an import without an end")?;
                declaration.push_str(more);
            }
            module.import(name, &declaration, index + 1).with_context(at)?;
        } else if let Some(declaration) = line.strip_prefix("export ") {
            module.export(declaration).with_context(at)?;
        } else {
            ensure!(
                !line.contains("import(") && !line.contains("import.meta"),
                "{}: modules are put together at start; only `import` at the beginning of a line is known",
                at()
            );
            module.body.push_str(line);
            module.body.push('\n');
        }
    }
    Ok(module)
}

impl Module {
    /// `import { A, B as C } from "./x.js";` or `import "./x.js";`
    fn import(&mut self, importer: &str, declaration: &str, line: usize) -> anyhow::Result<()> {
        let unknown =
            || format!("unknown form: {declaration} (known: import {{ A, B as C }} from \"./x.js\";)");
        let text = declaration.strip_prefix("import").and_then(|text| text.trim().strip_suffix(';'));
        let text = text.with_context(unknown)?.trim();
        let (names, specifier) = match text.strip_prefix('{') {
            Some(rest) => {
                let (names, rest) = rest.split_once('}').with_context(unknown)?;
                (names, rest.trim().strip_prefix("from").with_context(unknown)?.trim())
            }
            None => ("", text),
        };
        let specifier =
            specifier.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).with_context(unknown)?;
        let from = resolve(importer, specifier)?;
        let mut wanted = Vec::new();
        let mut bound = Vec::new();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let (theirs, ours) = name.split_once(" as ").unwrap_or((name, name));
            let (theirs, ours) = (identifier(theirs)?, identifier(ours)?);
            wanted.push(theirs.to_owned());
            bound.push(if theirs == ours { theirs.to_owned() } else { format!("{theirs}: {ours}") });
        }
        if !bound.is_empty() {
            writeln!(self.body, "const {{ {} }} = modules[\"{from}\"];", bound.join(", "))?;
        }
        self.imports.push(Import { from, names: wanted, line });
        Ok(())
    }

    /// What follows `export`: a class, a function or a constant with a name.
    fn export(&mut self, declaration: &str) -> anyhow::Result<()> {
        let kinds = ["async function* ", "async function ", "function* ", "function ", "class ", "const "];
        let rest = kinds.iter().find_map(|kind| declaration.strip_prefix(kind)).with_context(|| {
            format!("unknown form: export {declaration} (known: export class, function or const with a name)")
        })?;
        let end = rest.find(|c: char| !is_of_identifier(c)).unwrap_or(rest.len());
        self.exports.insert(identifier(&rest[..end])?.to_owned());
        self.body.push_str(declaration);
        self.body.push('\n');
        Ok(())
    }
}

fn is_of_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn identifier(text: &str) -> anyhow::Result<&str> {
    let text = text.trim();
    let starts_well = text.starts_with(|c: char| is_of_identifier(c) && !c.is_numeric());
    ensure!(starts_well && text.chars().all(is_of_identifier), "{text:?} is not a name");
    Ok(text)
}

/// The file that a relative specifier names.
fn resolve(importer: &str, specifier: &str) -> anyhow::Result<String> {
    ensure!(specifier.starts_with("./") || specifier.starts_with("../"), "{specifier} is not relative");
    let mut parts: Vec<&str> = importer.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop().with_context(|| format!("{specifier} leads out of the page's folder"))?),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests;
