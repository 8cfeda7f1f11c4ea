//! House rules that no compiler checks: who may depend on whom, how long a file may be, that nothing is left for later.
//!
//! Map: `registry` (what every command and event must have) · `refusals` (what every refusal must have) · `sources` (the
//! repository's files, and which of their text is tests).

mod refusals;
mod registry;
mod sources;

use sources::{root, sources};
use std::collections::BTreeSet;
use std::fs;

/// Who may depend on whom inside the house. A new edge is a decision: it needs a reason, and a line here.
const INNER: [(&str, &[&str]); 7] = [
    ("centime", &["centime-http", "centime-engine", "centime-domain"]),
    ("centime-http", &["centime-engine", "centime-imports", "centime-domain"]),
    ("centime-engine", &["centime-actors", "centime-state", "centime-domain"]),
    ("centime-actors", &["centime-domain"]),
    ("centime-state", &[]),
    ("centime-imports", &["centime-domain"]),
    ("centime-domain", &[]),
];

/// Libraries that stay where they are.
const KEPT_IN: [(&str, &[&str]); 4] = [
    ("warp", &["centime-http"]),
    ("rdkafka", &["centime-engine"]),
    ("actix", &["centime-actors", "centime-engine"]),
    ("sled", &["centime-state"]),
];

/// What the pure core must not know: I/O, clocks, runtimes.
const NOT_IN_DOMAIN: [&str; 7] = ["tokio", "actix", "rdkafka", "sled", "warp", "reqwest", "futures"];

const LONGEST_FILE: usize = 500;

/// Each package's name and the names of its dependencies (those of tests and benches left out).
fn packages() -> Vec<(String, BTreeSet<String>)> {
    let folders = [".", "domain", "imports", "actors", "state", "engine", "http"];
    let read = |folder: &str| {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("TOML");
        let name = manifest["package"]["name"].as_str().expect("a name").to_owned();
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        (name, dependencies.into_iter().flat_map(|table| table.keys().cloned()).collect())
    };
    folders.into_iter().map(read).collect()
}

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, INNER.iter().map(|(name, _)| *name).collect(), "every package has its line in INNER");
    for (name, dependencies) in &packages {
        let (_, allowed) = INNER.iter().find(|(package, _)| package == name).expect("checked above");
        for dependency in dependencies.iter().filter(|dependency| names.contains(dependency.as_str())) {
            assert!(allowed.contains(&dependency.as_str()), "a new edge: {name} depends on {dependency}");
        }
    }
}

#[test]
fn libraries_stay_where_they_belong() {
    for (name, dependencies) in packages() {
        for (library, places) in KEPT_IN {
            let fine = !dependencies.contains(library) || places.contains(&name.as_str());
            assert!(fine, "{name} depends on {library}, which belongs in {places:?}");
        }
        if name == "centime-domain" {
            let impure = NOT_IN_DOMAIN.into_iter().find(|library| dependencies.contains(*library));
            assert_eq!(impure, None, "the domain is pure");
        }
    }
}

#[test]
fn rdkafka_stays_in_one_module_of_the_engine() {
    for file in sources("engine/src") {
        let text = fs::read_to_string(&file).expect("a source file");
        let inside = file.strip_prefix(root()).is_ok_and(|path| path.starts_with("engine/src/log/kafka"));
        assert!(inside || !text.contains("rdkafka::"), "{} uses rdkafka", file.display());
    }
}

#[test]
fn files_are_short_enough_to_proofread() {
    for file in sources(".") {
        let lines = fs::read_to_string(&file).expect("a source file").lines().count();
        assert!(lines <= LONGEST_FILE, "{}: {lines} lines; is it one idea?", file.display());
    }
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = [("TO", "DO"), ("FIX", "ME"), ("todo", "!("), ("unimplemented", "!("), ("#[ign", "ore")];
    for file in sources(".") {
        let text = fs::read_to_string(&file).expect("a source file");
        for word in words.map(|(start, end)| format!("{start}{end}")) {
            assert!(!text.contains(&word), "{} has {word}", file.display());
        }
    }
}
