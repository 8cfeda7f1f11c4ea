//! All of a user's events as one file.

use super::fake::{Fake, POSITION};
use super::{header, problem, start, start_with};
use std::time::Duration;

const LINES: &str = "{\"type\":\"transaction_created\"}\n{\"type\":\"budget_exceeded\"}\n";

#[tokio::test]
async fn an_export_is_one_event_a_line_without_refusals_and_erasures() {
    let edge = start().await;
    let request = edge.get("/v1/users/ada/export").header("centime-position", "3:5");
    let file = request.send().await.unwrap();
    assert_eq!((file.status().as_u16(), header(&file, "content-type")), (200, "application/x-ndjson"));
    assert_eq!(header(&file, "centime-position"), POSITION.to_string());
    assert_eq!(file.text().await.unwrap(), LINES);
    let asked = edge.fake.positions.lock().unwrap()[0].map(|position| position.to_string());
    assert_eq!(asked.as_deref(), Some("3:5"));
    assert_eq!(
        problem(edge.get("/v1/users/ada/export?types=x")).await,
        (400, "unknown_parameter".to_owned())
    );
}

#[tokio::test]
async fn a_file_that_is_not_whole_breaks_off() {
    let edge = start().await;
    let broken = edge.get("/v1/users/broken/export");
    // It may break off even before the first byte is on its way.
    let text = async { broken.send().await?.text().await }.await;
    text.expect_err("the journal could not be read to the end");
    let endless = edge.get("/v1/users/endless/export").send().await.unwrap();
    edge.stop.send(()).unwrap();
    let text = tokio::time::timeout(Duration::from_secs(5), endless.text()).await.unwrap();
    text.expect_err("the server stopped in the middle");
}

#[tokio::test]
async fn another_nodes_export_is_passed_on_whole_or_not_at_all() {
    let there = start().await;
    let here = start_with(
        crate::HttpConfig::default(),
        Fake { other: there.address.to_string(), ..Fake::default() },
    )
    .await;
    let file = here.get("/v1/users/elsewhere/export").send().await.unwrap();
    assert_eq!(file.text().await.unwrap(), LINES);
}
