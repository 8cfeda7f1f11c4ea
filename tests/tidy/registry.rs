//! What every command and every event must have before it counts as there: golden files, documents, tests. (Routes: the
//! tests of http know the route table.) How to add one: docs/adding-a-command.md.

use crate::sources::{Source, split, text};
use centime_domain::{Command, Event};
use serde_json::Value;
use std::collections::BTreeSet;

const GUIDE: &str = "docs/adding-a-command.md says how to add a command";

/// The types a golden file has lines of.
fn golden(path: &str) -> BTreeSet<String> {
    let lines: Vec<Value> = serde_json::from_str(&text(path)).expect(path);
    lines.iter().map(|line| line["type"].as_str().expect("a type").to_owned()).collect()
}

/// The sections of a document that are under a heading of level three, with the heading.
fn sections(document: &str) -> Vec<&str> {
    document.split("\n### ").skip(1).map(|part| part.split("\n## ").next().unwrap_or_default()).collect()
}

/// A document's part under a heading of level two.
fn part<'a>(document: &'a str, heading: &str) -> &'a str {
    let (_, rest) =
        document.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no part \"{heading}\""));
    rest.split("\n## ").next().unwrap_or_default()
}

/// Whether a document has a table's row that begins with this name.
fn has_row(document: &str, name: &str) -> bool {
    document.lines().any(|line| line.starts_with('|') && first_cell(line).contains(&format!("`{name}`")))
}

fn first_cell(row: &str) -> &str {
    row.trim_start_matches('|').split('|').next().unwrap_or_default()
}

/// Test code that names the type, by the file it is in. What only lists all types is no test of one.
fn is_tested(sources: &[Source], name: &str) -> bool {
    let lists = ["domain/src/state/properties/export.rs", "tests/tidy/registry.rs"];
    let quoted = format!("\"{name}\"");
    sources.iter().any(|source| !lists.contains(&source.path.as_str()) && source.tests.contains(&quoted))
}

/// Fails with everything that is missing, a line each.
#[track_caller]
fn none_missing(missing: &[String]) {
    assert!(missing.is_empty(), "\n{}\n{GUIDE}", missing.join("\n"));
}

#[test]
fn every_command_has_a_golden_line_documents_and_a_test() {
    let (sources, golden) = (split(), golden("domain/tests/golden/commands.json"));
    let (api, semantics) = (text("docs/api.md"), text("docs/semantics.md"));
    let sections = sections(&api);
    let mut missing = Vec::new();
    let mut need = |there: bool, what: String| {
        if !there {
            missing.push(what);
        }
    };
    for name in Command::types() {
        let code = format!("`{name}`");
        need(golden.contains(*name), format!("{name}: no line in domain/tests/golden/commands.json"));
        need(
            sections.iter().any(|section| section.contains(&code)),
            format!("{name}: no section (### …) of docs/api.md names {code} and shows how to give it"),
        );
        need(
            has_row(part(&semantics, "Commands and their events"), name),
            format!(
                "{name}: no row | {code} | … | in the table \"Commands and their events\" of docs/semantics.md"
            ),
        );
        let file = format!("domain/src/commands/{name}.rs");
        need(
            sources.iter().any(|source| source.path == file),
            format!("{name}: no file {file}: a command is one file"),
        );
        need(is_tested(&sources, name), format!("{name}: no test names \"{name}\""));
    }
    none_missing(&missing);
}

#[test]
fn every_event_has_a_golden_line_documents_and_a_test() {
    let (sources, golden) = (split(), golden("domain/tests/golden/events.json"));
    let (api, semantics) = (text("docs/api.md"), text("docs/semantics.md"));
    let mut missing = Vec::new();
    let mut need = |there: bool, what: String| {
        if !there {
            missing.push(what);
        }
    };
    for name in Event::types() {
        let code = format!("`{name}`");
        need(golden.contains(*name), format!("{name}: no line in domain/tests/golden/events.json"));
        need(
            has_row(part(&api, "Events"), name),
            format!(
                "{name}: no row | {code} | … | in the table \"Events\" of docs/api.md that says its data"
            ),
        );
        let led_to = part(&semantics, "Commands and their events")
            .lines()
            .any(|line| line.starts_with('|') && line.contains(&code));
        need(
            led_to,
            format!("{name}: no row of \"Commands and their events\" in docs/semantics.md leads to {code}"),
        );
        need(is_tested(&sources, name), format!("{name}: no test names \"{name}\""));
    }
    none_missing(&missing);
}

/// Rows of the table "Commands and their events" point to where the rules are.
#[test]
fn the_table_of_commands_points_to_rules_that_are_there() {
    let semantics = text("docs/semantics.md");
    let anchor = |heading: &str| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    let anchors: BTreeSet<String> =
        semantics.lines().filter(|line| line.starts_with("##")).map(anchor).collect();
    for name in Command::types() {
        let row = semantics.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("{name} has no row in docs/semantics.md"));
        let target = row.rsplit_once("](#").and_then(|(_, rest)| rest.split(')').next()).unwrap_or_default();
        assert!(anchors.contains(target), "{name}: its row points to #{target}, which is no heading");
    }
}

/// What the guide shows is what there is.
#[test]
fn the_guide_shows_the_sources_as_they_are() {
    let sources = split();
    let guide = text("docs/adding-a-command.md");
    let shown: Vec<&str> =
        guide.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
    assert!(shown.len() >= 5, "the guide shows the command, its line, its event, its state and its route");
    for part in shown {
        assert!(
            sources.iter().any(|source| source.code.contains(part)),
            "no source has this any more:\n{part}"
        );
    }
    assert!(
        text("domain/tests/golden/commands.json").contains("\"close_account\""),
        "the guide's example is a command"
    );
}
