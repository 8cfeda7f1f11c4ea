//! Bank files over HTTP: which commands they become.

use super::fake::Fake;
use super::{header, json, problem, start, start_with};
use crate::HttpConfig;
use reqwest::Method;
use serde_json::Value;
use std::iter;

const TABLE: &str =
    "Date,Payee,Amount\n2026-02-01,a,-1.50\n2026-02-01,\u{a0}a,-1.5\n2026-02-30,b,2\n2026-02-02,c,x\n";

fn sent(fake: &Fake) -> Vec<(String, String, Value)> {
    let commands = fake.commands.lock().unwrap();
    let shown = |command: &centime_engine::NewCommand| {
        let data = serde_json::from_slice(&command.data).unwrap();
        (command.kind.clone(), str::to_owned(&command.id.text()), data)
    };
    commands.iter().map(shown).collect()
}

#[tokio::test]
async fn a_file_becomes_one_command_and_its_bad_lines_are_named() {
    let edge = start().await;
    let path = "/v1/users/ada/imports?format=csv&account=Giro";
    let answer = edge.post(path, TABLE).header("idempotency-key", "march").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "location")), (201, "/v1/users/ada/imports/march"));
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(answer["import_id"], "march");
    let lines: Vec<_> =
        answer["errors"].as_array().unwrap().iter().map(|e| (e["line"].clone(), e["code"].clone())).collect();
    assert_eq!(lines, [(4.into(), "invalid_date".into()), (5.into(), "amount_not_a_number".into())]);
    let sent = sent(&edge.fake);
    let [(kind, id, data)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((kind.as_str(), id.as_str()), ("import_transactions", "march"));
    assert_eq!(
        (&data["account"], &data["import_id"], &data["part"]),
        (&"Giro".into(), &"march".into(), &1.into())
    );
    let counted: Vec<_> =
        data["rows"].as_array().unwrap().iter().map(|row| row["occurrence"].clone()).collect();
    assert_eq!(counted, [1, 2], "equal rows are counted over the whole file");
}

#[tokio::test]
async fn a_long_file_is_cut_and_a_repeat_has_the_same_ids() {
    let edge = start().await;
    let rows = (0..1_001).map(|n| format!("2026-02-01,p{n},1\n"));
    let table: String = iter::once("Date,Payee,Amount\n".to_owned()).chain(rows).collect();
    for _ in 0..2 {
        let url = edge.url("/v1/users/ada/imports?format=csv");
        let request = edge.client.post(url).body(table.clone()).header("idempotency-key", "long");
        assert_eq!(json(request).await.0, 201);
    }
    let sent = sent(&edge.fake);
    let parts: Vec<_> = sent
        .iter()
        .map(|(_, _, data)| (data["part"].as_u64(), data["rows"].as_array().map(Vec::len)))
        .collect();
    assert_eq!(parts[..3], [(Some(1), Some(500)), (Some(2), Some(500)), (Some(3), Some(1))]);
    assert_eq!(sent[..3], sent[3..]);
}

#[tokio::test]
async fn a_preview_decides_nothing() {
    let edge = start().await;
    let (status, answer) = json(edge.post("/v1/users/ada/imports?format=csv&preview=true", TABLE)).await;
    assert_eq!((status, answer["preview"].as_bool()), (200, Some(true)));
    assert!(sent(&edge.fake).is_empty());
}

#[tokio::test]
async fn what_can_not_be_imported_is_refused_by_name() {
    let edge = start_with(HttpConfig { max_file: 1_000, ..HttpConfig::default() }, Fake::default()).await;
    for (query, body, expected) in [
        ("", TABLE, (400, "missing_parameter")),
        ("?format=pdf", TABLE, (400, "invalid_parameter")),
        ("?format=csv&preview=maybe", TABLE, (400, "invalid_parameter")),
        ("?format=csv&colour=red", TABLE, (400, "unknown_parameter")),
        ("?format=csv", "a,b\n1,2\n", (422, "unknown_columns")),
        ("?format=ofx", TABLE, (422, "invalid_file")),
        (
            "?format=csv&account=A",
            "Date,Account,Amount\n2026-01-01,A,1\n2026-01-01,B,1\n",
            (422, "several_accounts"),
        ),
    ] {
        let (status, code) = problem(edge.post(&format!("/v1/users/ada/imports{query}"), body)).await;
        assert_eq!((status, code.as_str()), expected, "{query}");
    }
    let long = edge.client.post(edge.url("/v1/users/ada/imports?format=csv")).body("x".repeat(1_001));
    assert_eq!(problem(long).await, (413, "body_too_large".to_owned()));
    let refused = edge.post("/v1/users/poor/imports?format=csv", TABLE);
    assert_eq!(problem(refused).await, (422, "amount_not_positive".to_owned()));
}

#[tokio::test]
async fn an_import_that_is_not_there_can_not_be_undone() {
    let edge = start().await;
    let request = edge.client.request(Method::DELETE, edge.url("/v1/users/nobody/imports/march"));
    assert_eq!(problem(request).await, (404, "not_found".to_owned()));
    let sent = sent(&edge.fake);
    assert_eq!(
        (sent[0].0.as_str(), &sent[0].2["id"], &sent[0].2["part"]),
        ("undo_import", &"march".into(), &1.into())
    );
}
