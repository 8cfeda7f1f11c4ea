//! `centime serve`: the engine and its HTTP edge.

use crate::args::ServeArgs;
use crate::{metrics_page, settings, web};
use anyhow::Context as _;
use centime_http::Server;
use std::process::ExitCode;

/// Runs the command.
pub(crate) async fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let (engine, http) = settings::serve(args)?;
    let metrics = metrics_page::install()?;
    let engine = web::start(engine).await?;
    let server = match Server::bind(engine.clone(), http, metrics).await {
        Ok(server) => server,
        Err(error) => {
            engine.stop().await;
            return Err(error).context("set --listen to a free address (port 0 takes any)");
        }
    };
    tracing::info!("listening on http://{}", server.address());
    web::run(engine, server, std::future::pending()).await?;
    Ok(ExitCode::SUCCESS)
}
