//! What every refusal must have: a row in docs/api.md, and a test that gets it.

use crate::sources::{Source, split, text};
use std::collections::BTreeMap;

/// What makes a refusal or a problem, and the place of the code among its arguments.
const MAKERS: [(&str, usize); 4] =
    [("Refusal::new(", 0), ("Refusal::plain(", 0), ("Problem::bad_request(", 0), ("Problem::new(", 1)];

/// The codes a piece of code can refuse with.
fn codes(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (maker, place) in MAKERS {
        for rest in source.code.split(maker).skip(1) {
            let argument = rest.split(',').nth(place).unwrap_or_default().trim();
            found.push(code(source, argument));
        }
    }
    found
}

/// The code an argument stands for: a text or a constant. What is put together at run time nobody could look up.
fn code(source: &Source, argument: &str) -> String {
    let text = argument.strip_prefix('"').or_else(|| {
        let start = format!("const {argument}: &str = \"");
        source.code.split_once(&start).map(|(_, rest)| rest)
    });
    let text = text.unwrap_or_else(|| {
        panic!("{}: the code {argument} is no text, and no constant of this file", source.path)
    });
    text.split('"').next().unwrap_or_default().to_owned()
}

/// Each code, and the first file that refuses with it.
fn all(sources: &[Source]) -> BTreeMap<String, &str> {
    let mut all = BTreeMap::new();
    for source in sources {
        for code in codes(source) {
            all.entry(code).or_insert(source.path.as_str());
        }
    }
    all
}

/// The codes in the first column of the tables of a part of docs/api.md: `` | `a`, `b` | … ``.
fn documented(document: &str) -> Vec<&str> {
    let rows = document.lines().filter(|line| line.starts_with('|'));
    rows.flat_map(|row| row.split('|').skip(1).take(2).flat_map(|cell| cell.split('`').skip(1).step_by(2)))
        .collect()
}

#[test]
fn every_code_is_in_the_tables_of_the_api() {
    let (sources, api) = (split(), text("docs/api.md"));
    let (_, tables) = api.split_once("\n## Error codes").expect("docs/api.md has a section \"Error codes\"");
    let documented = documented(tables);
    let missing: Vec<String> = all(&sources)
        .into_iter()
        .filter(|(code, _)| !documented.contains(&code.as_str()))
        .map(|(code, path)| {
            format!("{code} ({path}): no row in \"Error codes\" or \"Refusals\" of docs/api.md")
        })
        .collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_code_is_in_a_test() {
    let sources = split();
    let is_tested = |code: &String| {
        let quoted = format!("\"{code}\"");
        sources.iter().any(|source| source.tests.contains(&quoted))
    };
    let missing: Vec<String> = all(&sources)
        .into_iter()
        .filter(|(code, _)| !is_tested(code))
        .map(|(code, path)| format!("{code} ({path}): no test gets it: none has the text \"{code}\""))
        .collect();
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}
