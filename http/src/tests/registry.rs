//! Every command is reachable, and every route is documented. (Golden files, documents and tests of commands: tests/tidy.)

use super::{json, start};
use crate::routes::ROUTES;
use centime_domain::Command;
use serde_json::Value;
use std::collections::BTreeMap;

fn text(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).expect(path)
}

/// An example of each command's data: the first of its golden ones.
fn examples() -> BTreeMap<String, Value> {
    let golden: Vec<Value> =
        serde_json::from_str(&text("domain/tests/golden/commands.json")).expect("golden commands");
    let mut examples = BTreeMap::new();
    for line in golden {
        examples.entry(line["type"].as_str().expect("a type").to_owned()).or_insert(line["data"].clone());
    }
    examples
}

#[tokio::test]
async fn every_command_is_reachable_by_its_type_and_listed() {
    let edge = start().await;
    let examples = examples();
    let (_, listed) = json(edge.get("/v1/commands")).await;
    for kind in Command::types() {
        let data = examples
            .get(*kind)
            .unwrap_or_else(|| panic!("{kind}: no line in domain/tests/golden/commands.json"));
        let path = format!("/v1/users/ada/commands/{kind}");
        let (status, answer) = json(edge.client.post(edge.url(&path)).body(data.to_string())).await;
        assert_eq!(status, 201, "{kind} is not reachable at {path}: {answer}");
        let given = edge.fake.commands.lock().unwrap().pop().expect("a command");
        assert_eq!(
            (given.kind.as_str(), serde_json::from_slice(&given.data).ok()),
            (*kind, Some(data.clone()))
        );
        let items = listed["items"].as_array().expect("a list");
        assert!(items.iter().any(|item| item["type"] == *kind), "{kind} is not in GET /v1/commands");
    }
}

/// A pattern as docs/api.md writes it: `…/accounts/{id}` for `/v1/users/{user}/accounts/{id}`.
fn short(pattern: &str) -> String {
    pattern.strip_prefix("/v1/users/{user}/").map_or(pattern.to_owned(), |rest| format!("…/{rest}"))
}

/// Whether a line says what a method and path do: its heading, or its entry in a list. A heading may name several methods and paths.
fn tells(line: &str, method: &str, path: &str) -> bool {
    let entry = line.starts_with("### ") || line.starts_with("- **");
    let mut words = line.split([' ', ',', '*', ':']);
    entry && words.clone().any(|word| word == method) && words.any(|word| word == path)
}

#[test]
fn every_route_is_documented() {
    let api = text("docs/api.md");
    let undocumented: Vec<String> = ROUTES
        .iter()
        .map(|route| (route.method.as_str(), short(route.pattern)))
        .filter(|(method, path)| !api.lines().any(|line| tells(line, method, path)))
        .map(|(method, path)| format!("{method} {path}: no heading \"### {method} {path}\" in docs/api.md"))
        .collect();
    assert!(undocumented.is_empty(), "\n{}", undocumented.join("\n"));
}
