//! The repository's files, and which of their text is tests.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the repository.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// All Rust files under a folder of the repository.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// A source file: what ships, and what tests it.
pub(crate) struct Source {
    /// Relative to the repository.
    pub(crate) path: String,
    /// What the program consists of.
    pub(crate) code: String,
    /// What only tests consist of.
    pub(crate) tests: String,
}

/// All Rust files, code and tests apart.
pub(crate) fn split() -> Vec<Source> {
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source file");
        let path = path.strip_prefix(root()).expect("it is inside").to_string_lossy().into_owned();
        if is_test(&path) {
            return Source { path, code: String::new(), tests: text };
        }
        let (code, tests) = text.split_once("#[cfg(test)]\nmod tests {").unwrap_or((&text, ""));
        Source { path, code: code.to_owned(), tests: tests.to_owned() }
    };
    sources(".").into_iter().map(read).collect()
}

/// By its place or name: `tests/…`, `…/tests.rs`, `…_tests.rs`, properties.
fn is_test(path: &str) -> bool {
    let folders = ["tests", "properties", "benches"];
    path.split('/').any(|part| folders.contains(&part)) || path.ends_with("tests.rs")
}
