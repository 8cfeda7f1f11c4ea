//! The text of `/metrics`.

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use std::time::Duration;

/// Upper bounds for times: from an fsync to a time-out.
const SECONDS: [f64; 14] =
    [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// How often to fold recorded values together, so that they don't pile up where nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

/// From here on what the parts measure is kept; the answer renders it.
pub(crate) fn install() -> anyhow::Result<impl Fn() -> String + Send + Sync + 'static> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
        .context("metrics can't be recorded")?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP).await;
            upkeep.run_upkeep();
        }
    });
    Ok(move || handle.render())
}
