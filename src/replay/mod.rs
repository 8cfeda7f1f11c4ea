//! `centime replay`: a file through the same path as HTTP POST.

mod berka;
mod budgets;
mod entry;
mod feed;
mod jsonl;
mod letters;
mod output;
mod rows;
mod summary;
mod table;

use crate::args::ReplayArgs;
use crate::submit::{Server, Target};
use crate::{settings, stop, web};
use anyhow::{Context as _, bail};
use budgets::Budgets;
use feed::Feed;
use output::Output;
use rows::{Defaults, Rows};
use std::fs::File;
use std::io::{BufReader, Read};
use std::process::ExitCode;

/// Runs the command.
pub(crate) async fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let defaults = Defaults::new(args)?;
    let budgets = Budgets::new(&args.budgets, &defaults.currency, || rows(args, open(args)?, &defaults))?;
    let file = open(args)?;
    let bar = output::bar(file.metadata()?.len());
    let rows = rows(args, bar.wrap_read(file), &defaults)?;
    let target = match &args.url {
        Some(url) => Target::Server(Server::new(url)?),
        None => Target::Local(web::ready(settings::engine(&args.engine, None)?).await?),
    };
    let mut feed =
        Feed::new(target.clone(), budgets, Output::new(args.json, bar), args.file.display().to_string());
    let ended = tokio::select! {
        ended = feed.all(rows) => ended,
        stopped = stop::requested() => stopped.and_then(|()| {
            bail!("stopped before the end of {}; replay it again to go on where this ended", args.file.display())
        }),
    };
    if let Target::Local(engine) = target {
        engine.stop().await;
    }
    let failed = feed.finish()?;
    ended?;
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn open(args: &ReplayArgs) -> anyhow::Result<File> {
    File::open(&args.file).with_context(|| format!("{} can't be opened", args.file.display()))
}

fn rows<'a>(args: &ReplayArgs, file: impl Read + 'a, defaults: &Defaults) -> anyhow::Result<Rows<'a>> {
    rows::read(args.format, BufReader::new(file), defaults).with_context(|| args.file.display().to_string())
}
