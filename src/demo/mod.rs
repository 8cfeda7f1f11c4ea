//! `centime demo`: everything at once, with somebody's money to look at.

mod deal;
mod life;
mod live;
mod random;

use crate::args::DemoArgs;
use crate::submit::{Answer, Outcome, Pipeline, Target};
use crate::{alert, metrics_page, settings, web};
use centime_engine::{Engine, NewCommand};
use centime_http::{HttpError, Server};
use deal::USER;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use live::Live;
use serde_json::json;
use std::convert::Infallible;
use std::io::{self, IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

/// Budgets hold from here on, which is before any year the demo shows.
const SINCE: &str = "2000-01";

/// Runs the command.
pub(crate) async fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let listen = settings::resolve(&args.listen)?;
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "--listen {listen}: the demo is for this machine only; use 127.0.0.1"
    );
    let engine = web::ready(settings::demo_engine(&args.demo_data_dir)?).await?;
    let server = match bind(&engine, listen).await {
        Ok(server) => server,
        Err(error) => {
            engine.stop().await;
            return Err(error);
        }
    };
    let address = server.address();
    let story = Story::new(engine.clone());
    web::run(engine, server, story.tell(address, args)).await?;
    Ok(ExitCode::SUCCESS)
}

/// Listens at the address, or beside it when it is taken.
async fn bind(engine: &Engine, listen: SocketAddr) -> anyhow::Result<Server> {
    let metrics = std::sync::Arc::new(metrics_page::install()?);
    let page = || {
        let metrics = metrics.clone();
        move || metrics()
    };
    match Server::bind(engine.clone(), settings::http(listen, None), page()).await {
        Err(HttpError::Bind { source, .. }) if source.kind() == io::ErrorKind::AddrInUse => {
            tracing::warn!("{listen} is taken: listening on a free port instead");
            Ok(Server::bind(engine.clone(), settings::http(SocketAddr::new(listen.ip(), 0), None), page())
                .await?)
        }
        bound => Ok(bound?),
    }
}

/// The demo user's doings, and what is printed of them.
struct Story {
    pipeline: Pipeline,
    live: Live,
    colours: bool,
}

impl Story {
    fn new(engine: Engine) -> Self {
        let seed = Timestamp::now().as_microsecond().unsigned_abs();
        Self {
            pipeline: Pipeline::new(Target::Local(engine)),
            live: Live::new(seed),
            colours: io::stdout().is_terminal(),
        }
    }

    async fn tell(mut self, address: SocketAddr, args: &DemoArgs) -> anyhow::Result<Infallible> {
        writeln!(
            io::stdout(),
            "A year of user `{USER}`, with budgets; what is new in it raised these alerts:"
        )?;
        self.past().await?;
        writeln!(io::stdout(), "\n{}", invitation(address, args))?;
        loop {
            self.present().await?;
            tokio::time::sleep(args.pace).await;
        }
    }

    /// The year up to today. What an earlier run has told already is recognised by its ids.
    async fn past(&mut self) -> anyhow::Result<()> {
        let start = Timestamp::UNIX_EPOCH;
        for (category, limit) in life::BUDGETS {
            let data = json!({"category": category, "limit": limit, "currency": "EUR", "from": SINCE});
            self.send(deal::command("set_budget", &format!("demo-budget-{category}-{limit}"), start, &data))
                .await?;
        }
        for date in life::year(now().date()) {
            let time = date.to_zoned(TimeZone::UTC)?.timestamp();
            for (n, deal) in life::day(date).iter().enumerate() {
                self.send(deal.command(&format!("demo-{date}-{n}"), time)).await?;
            }
        }
        self.settle().await
    }

    /// One thing that happens now.
    async fn present(&mut self) -> anyhow::Result<()> {
        let now = now();
        let deal = self.live.next(now.date());
        writeln!(io::stdout(), "{deal}")?;
        let id = format!("demo-live-{}", uuid::Uuid::now_v7());
        self.send(deal.command(&id, now.timestamp())).await?;
        self.settle().await
    }

    async fn send(&mut self, command: NewCommand) -> anyhow::Result<()> {
        self.pipeline.send(command);
        while let Some(answer) = self.pipeline.answer().await {
            self.hear(answer?)?;
        }
        Ok(())
    }

    async fn settle(&mut self) -> anyhow::Result<()> {
        while let Some(answer) = self.pipeline.next().await {
            self.hear(answer?)?;
        }
        Ok(())
    }

    /// Prints new alerts; those of an earlier run are only remembered.
    fn hear(&mut self, Answer { outcome, repeated }: Answer) -> io::Result<()> {
        let Outcome::Accepted(alerts) = outcome else {
            tracing::warn!(?outcome, "a command of the demo did not take effect");
            return Ok(());
        };
        for envelope in alerts {
            self.live.hear(&envelope);
            if !repeated {
                writeln!(io::stdout(), "{}", alert::line(&envelope, self.colours))?;
            }
        }
        Ok(())
    }
}

fn now() -> jiff::Zoned {
    Timestamp::now().to_zoned(TimeZone::UTC)
}

fn invitation(address: SocketAddr, args: &DemoArgs) -> String {
    let (month, pace) = (now().strftime("%Y-%m").to_string(), Duration::as_secs_f32(&args.pace));
    let folder = args.demo_data_dir.display();
    format!(
        "Serving on http://{address}, data in {folder} (delete it to start over), Ctrl-C ends. In another terminal:\n  \
         curl -s http://{address}/v1/users/{USER}/budgets?month={month}\n  \
         curl -sN http://{address}/v1/users/{USER}/events\n  \
         curl -s http://{address}/v1/users/{USER}/transactions -d '{{\"transaction_type\":\"Expense\",\"amount\":\"250.00\",\
         \"category\":\"dining\"}}' -H 'Content-Type: application/json'\n\n\
         Live, one transaction every {pace} s:"
    )
}
