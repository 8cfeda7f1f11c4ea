//! One round: a fresh broker, then every system after the other on the same commands.

use crate::Args;
use crate::cluster::{Broker, RoundDir, Sender, send_budgets};
use crate::garbage::Garbage;
use crate::report::{Metric, Report};
use crate::support::load::{Expense, Load, Oracle, sent_ms, user_id};
use crate::support::process::{Group, cpu, peak_rss_mib};
use crate::support::{per_second, ratio};
use crate::system::{COMMANDS, Phase, System, WARM_COMMANDS, warmer};
use crate::tail::{Fetch, Reader, Tail, Watch, count};
use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

/// A stopping system gets so long: Kafka Streams closes `RocksDB`, centime writes its pages.
const STOP: Duration = Duration::from_mins(1);

/// A round under way. The broker goes down before its folder is deleted.
pub(crate) struct Round<'a> {
    args: &'a Args,
    systems: Vec<System>,
    broker: Broker,
    load: Load,
    oracle: Oracle,
    /// Commands sent to [`COMMANDS`] so far.
    sent: u64,
    /// Garbage among them.
    garbage: u64,
    tails: BTreeMap<System, Tail>,
    dir: RoundDir,
}

impl<'a> Round<'a> {
    /// Starts its broker and creates the topics the peers need.
    pub(crate) fn start(args: &'a Args, round: usize) -> Result<Self> {
        let dir = RoundDir::new(round)?;
        let broker = Broker::start(&dir.path)?;
        let (n, events) = (args.partitions, args.event_partitions);
        broker.create(&[(COMMANDS, n), ("commands.set_budget", n), (WARM_COMMANDS, n)])?;
        broker.create(&[("floor.transaction_created", events), ("floor.journal", n)])?;
        broker.create(&[("warm.transaction_created", events), ("warm.journal", n)])?;
        broker.create(&[("peer.transaction_created", events), ("peer.budget_exceeded", events)])?;
        let systems = args.systems(round);
        let tails = systems.iter().map(|s| (*s, Tail::default())).collect();
        let load = Load::new(round as u64, args.users);
        Ok(Self {
            args,
            systems,
            broker,
            load,
            oracle: Oracle::new(args.users),
            sent: 0,
            garbage: 0,
            tails,
            dir,
        })
    }

    /// Measures everything asked for.
    pub(crate) fn run(mut self, report: &mut Report) -> Result<()> {
        self.warm_up()?;
        if self.systems.contains(&System::Centime) {
            self.set_budgets()?;
        }
        for phase in self.args.phases() {
            if *phase == Phase::Throughput {
                let expenses = self.draw(self.args.n);
                let preload = Instant::now();
                self.garbage = send_all(&self.broker.address, &expenses, Garbage::asked(self.args))?;
                println!("preloaded {} commands in {:.1} s", self.args.n, preload.elapsed().as_secs_f64());
            }
            for system in self.systems.clone() {
                match phase {
                    Phase::Throughput => self.throughput(system, report)?,
                    Phase::Latency => self.latency(system, report)?,
                }
            }
        }
        self.dir.keep = self.args.keep;
        Ok(())
    }

    /// A broker is a JVM: in its first minute it compiles itself, on the cores of whoever is measured first. So that
    /// minute is spent on a trickle through the floor that is not measured.
    fn warm_up(&self) -> Result<()> {
        let n = u64::from(self.args.rate * self.args.broker_warmup);
        let mut process = warmer(self.args, &self.broker, &self.dir.path)?;
        let mut tail = Tail::default();
        let mut reader = tail.open(&self.broker, "warm.transaction_created", Fetch::AtOnce)?;
        let expenses: Vec<Expense> = Load::new(1_000, self.args.users).take(usize::try_from(n)?).collect();
        thread::scope(|scope| {
            let load = scope.spawn(|| send_paced(&self.broker.address, WARM_COMMANDS, &expenses, self.args));
            read_until(&mut reader, n, &mut process, |_| ())?;
            load.join().expect("the load ends with an error, not a panic")
        })?;
        process.stop(STOP)
    }

    /// The next commands; from now on the oracle counts them.
    fn draw(&mut self, n: u64) -> Vec<Expense> {
        let expenses: Vec<Expense> =
            self.load.by_ref().take(usize::try_from(n).expect("the load fits in memory")).collect();
        for expense in &expenses {
            self.oracle.add(expense);
        }
        self.sent += n;
        expenses
    }

    fn set_budgets(&self) -> Result<()> {
        let begun = Instant::now();
        let mut centime =
            System::Centime.start(self.args, &self.broker, &self.dir.path, Phase::Throughput)?;
        // The reader waits for centime to create its topics.
        let mut tail = Tail::default();
        let mut reader = tail.open(&self.broker, "events.budget_set", Fetch::Bulk)?;
        let sent = send_budgets(&self.broker.address, self.args.users)?;
        read_until(&mut reader, sent, &mut centime, |_| ())?;
        centime.stop(STOP)?;
        println!("centime: {sent} budgets set in {:.1} s", begun.elapsed().as_secs_f64());
        Ok(())
    }

    fn throughput(&mut self, system: System, report: &mut Report) -> Result<()> {
        let broker_cpu = cpu(self.broker.pid)?;
        let begun = Instant::now();
        let mut process = system.start(self.args, &self.broker, &self.dir.path, Phase::Throughput)?;
        let tail = self.tails.get_mut(&system).expect("every system has its tail");
        let mut watch = tail.watch(&self.broker, system.created())?;
        let (first, last) = watch_until(&mut watch, self.sent, &mut process)?;
        let (startup, took) = (first - begun, last - begun);
        let mut note = |metric, value| report.note(metric, system, value);
        note(Metric::Rate, per_second(self.sent, took));
        note(Metric::Startup, startup.as_secs_f64());
        note(Metric::RateStarted, per_second(self.sent, took.saturating_sub(startup)));
        note(Metric::Cpu, micros_each(cpu(process.pid())?, self.sent));
        note(Metric::BrokerCpu, micros_each(cpu(self.broker.pid)?.saturating_sub(broker_cpu), self.sent));
        note(Metric::Rss, peak_rss_mib(process.pid())?);
        self.count_garbage()?;
        process.stop(STOP)?;
        self.count_alerts(system, Phase::Throughput, report)
    }

    /// Every piece of garbage was answered or set aside.
    fn count_garbage(&self) -> Result<()> {
        if self.garbage == 0 {
            return Ok(());
        }
        let begun = Instant::now();
        loop {
            let refused = count(&self.broker, "events.command_rejected")?;
            let letters = count(&self.broker, "commands.dead_letter")?;
            if refused + letters == self.garbage {
                println!("garbage: {} records, {refused} refused, {letters} dead letters", self.garbage);
                return Ok(());
            }
            // What came under another user's key goes its way twice.
            ensure!(
                begun.elapsed() < STOP,
                "of {} pieces of garbage {refused} were refused, {letters} set aside",
                self.garbage
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn latency(&mut self, system: System, report: &mut Report) -> Result<()> {
        let (rate, warmup) = (u64::from(self.args.rate), u64::from(self.args.warmup));
        let mut process = system.start(self.args, &self.broker, &self.dir.path, Phase::Latency)?;
        // It is up when it has answered all there is, a few new commands among it.
        let primer = self.draw(1_000);
        send_all(&self.broker.address, &primer, None)?;
        let before = self.sent;
        let expenses = self.draw(rate * (warmup + u64::from(self.args.seconds)));
        let tail = self.tails.get_mut(&system).expect("every system has its tail");
        let mut reader = tail.open(&self.broker, system.created(), Fetch::AtOnce)?;
        read_until(&mut reader, before, &mut process, |_| ())?;

        let from = Timestamp::now().as_millisecond() + i64::from(self.args.warmup) * 1_000;
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 600_000, 3)?;
        let mut cpu_before = None;
        let pid = process.pid();
        let (load_took, cpu_after) = thread::scope(|scope| {
            let pace = scope.spawn(|| {
                let took = send_paced(&self.broker.address, COMMANDS, &expenses, self.args)?;
                anyhow::Ok((took, cpu(pid)?))
            });
            read_until(&mut reader, self.sent, &mut process, |event| {
                let now = Timestamp::now().as_millisecond();
                let Some(sent) = sent_ms(event, system.clock()).filter(|sent| *sent >= from) else { return };
                cpu_before.get_or_insert_with(|| cpu(pid));
                histogram.saturating_record(u64::try_from(now - sent).unwrap_or(0));
            })?;
            pace.join().expect("the load ends with an error, not a panic")
        })?;
        ensure!(!histogram.is_empty(), "{}: no event carries its command's UUIDv7", system.name());
        let used = cpu_after.saturating_sub(cpu_before.expect("something was recorded")?);
        let mut note = |metric, value| report.note(metric, system, value);
        note(Metric::Load, per_second(expenses.len() as u64, load_took));
        for (metric, quantile) in [
            (Metric::P50, 0.5),
            (Metric::P90, 0.9),
            (Metric::P99, 0.99),
            (Metric::P999, 0.999),
            (Metric::Max, 1.0),
        ] {
            note(metric, ratio(histogram.value_at_quantile(quantile), 1));
        }
        note(Metric::LatencyCpu, micros_each(used, rate * u64::from(self.args.seconds)));
        note(Metric::LatencyRss, peak_rss_mib(pid)?);
        process.stop(STOP)?;
        self.count_alerts(system, Phase::Latency, report)
    }

    /// Only systems that came to the right answers may be compared. Each has answered all commands drawn so far.
    fn count_alerts(&self, system: System, phase: Phase, report: &mut Report) -> Result<()> {
        let Some(topic) = system.exceeded() else { return Ok(()) };
        let raised = count(&self.broker, topic)?;
        if phase == Phase::Throughput {
            report.note(Metric::Alerts, system, ratio(raised, 1));
        }
        report.check_alerts(system, raised, self.oracle.exceeded);
        Ok(())
    }
}

fn micros_each(used: Duration, commands: u64) -> f64 {
    used.as_secs_f64() * 1e6 / ratio(commands, 1)
}

/// Reads until `goal` records have been seen by readers of this tail.
fn read_until(
    reader: &mut Reader<'_>,
    goal: u64,
    process: &mut Group,
    mut show: impl FnMut(&[u8]),
) -> Result<()> {
    let mut progress = (reader.seen(), Instant::now());
    let mut polls = 0_u32;
    while reader.seen() < goal {
        reader.poll(Duration::from_millis(50), &mut show)?;
        polls += 1;
        if polls.is_multiple_of(256) || progress.1.elapsed() > Duration::from_secs(1) {
            process.check()?;
            if reader.seen() > progress.0 {
                progress = (reader.seen(), Instant::now());
            }
            let still = progress.1.elapsed().as_secs();
            ensure!(still < 120, "nothing new for {still} s: {} of {goal} events", reader.seen());
        }
    }
    ensure!(reader.seen() == goal, "{} events for {goal} commands", reader.seen());
    Ok(())
}

/// Between two looks at how far a topic can be read.
const LOOK: Duration = Duration::from_millis(25);
/// When it has not grown for so long, it is read: the system may be done.
const STILL: Duration = Duration::from_secs(1);

/// Watches until `goal` records can be read; when the first could be, and the last.
fn watch_until(watch: &mut Watch<'_>, goal: u64, process: &mut Group) -> Result<(Instant, Instant)> {
    let mut end = watch.readable()?;
    let (mut first, mut last) = (None, Instant::now());
    loop {
        thread::sleep(LOOK);
        process.check()?;
        let still = last.elapsed();
        let by_now = watch.readable()?;
        if by_now > end {
            (end, last) = (by_now, Instant::now());
            first.get_or_insert(last);
        } else if let Some(first) = first
            && still > STILL
        {
            let seen = watch.read()?;
            if seen >= goal {
                ensure!(seen == goal, "{seen} events for {goal} commands");
                return Ok((first, last));
            }
        }
        ensure!(still.as_secs() < 120, "nothing new for {still:?}: not all of {goal} events");
    }
}

/// Sends as fast as it goes. Returns how much garbage was among it.
fn send_all(address: &str, expenses: &[Expense], strewn: Option<Garbage>) -> Result<u64> {
    let sender = Sender::new(address, 20)?;
    let mut envelope = String::new();
    let mut garbage = 0;
    for (nth, expense) in (1_u64..).zip(expenses) {
        send(&sender, COMMANDS, expense, &mut envelope)?;
        if let Some(strewn) = strewn.filter(|strewn| nth.is_multiple_of(strewn.every)) {
            strewn.send(&sender, garbage)?;
            garbage += 1;
        }
    }
    sender.flush()?;
    Ok(garbage)
}

/// Sends so many a second, whether or not anything is answered. The time it took shows whether it kept up.
fn send_paced(address: &str, topic: &str, expenses: &[Expense], args: &Args) -> Result<Duration> {
    let sender = Sender::new(address, args.linger_ms)?;
    let mut envelope = String::new();
    let begun = Instant::now();
    for (nth, expense) in (0_u32..).zip(expenses) {
        let early = (Duration::from_secs(1) * nth / args.rate).saturating_sub(begun.elapsed());
        // A wake-up for every command would cost more than the commands: a few each millisecond.
        if early > Duration::from_millis(1) {
            thread::sleep(early);
        }
        send(&sender, topic, expense, &mut envelope)?;
    }
    let took = begun.elapsed();
    sender.flush()?;
    Ok(took)
}

fn send(sender: &Sender, topic: &str, expense: &Expense, envelope: &mut String) -> Result<()> {
    envelope.clear();
    expense.write_envelope(envelope, Timestamp::now());
    sender.send(topic, &user_id(expense.user), envelope)
}
