//! `centime journal`: looks at the embedded journal of a data folder. Reads only; works beside a running centime.

use crate::args::{DumpArgs, JournalAction, JournalArgs, JournalPlace};
use anyhow::Context as _;
use centime_domain::{Entry, Outcome};
use centime_engine::CommitRecord;
use centime_engine::log::embedded;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Runs the command.
pub(crate) fn run(args: &JournalArgs) -> anyhow::Result<ExitCode> {
    match &args.action {
        JournalAction::Verify(place) => verify(place),
        JournalAction::Dump(args) => dump(args),
    }
}

fn verify(place: &JournalPlace) -> anyhow::Result<ExitCode> {
    let style = ProgressStyle::with_template("{bar:32} {percent:>3} %  {bytes}/{total_bytes}")
        .expect("the template is a constant that parses");
    let bar = ProgressBar::new(0).with_style(style);
    let report = embedded::verify(&place.data_dir, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report.with_context(|| no_journal(place))?;
    let mut out = io::stdout().lock();
    for (partition, found) in report.partitions.iter().enumerate() {
        writeln!(out, "partition {partition:>3}: {} records, hash {:016x}", found.records, found.hash)?;
    }
    writeln!(out, "{} bytes in {} segments", report.bytes, report.segments)?;
    if report.torn > 0 {
        writeln!(
            out,
            "{} bytes of an interrupted write at the end: the next start cuts them off",
            report.torn
        )?;
    }
    let Some(problem) = report.problem else {
        writeln!(out, "the journal is whole")?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "DAMAGED: {problem}\nWhat to do: docs/operations.md, \"A damaged journal\"")?;
    Ok(ExitCode::FAILURE)
}

fn dump(args: &DumpArgs) -> anyhow::Result<ExitCode> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    embedded::dump(&args.place.data_dir, &mut |record| {
        written = print(&mut out, &record, args.user.as_deref());
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })
    .with_context(|| no_journal(&args.place))?;
    written?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn no_journal(place: &JournalPlace) -> String {
    format!("the journal in {} can't be read", place.data_dir.display())
}

/// A line for each entry and each dead letter.
fn print(out: &mut impl Write, record: &CommitRecord, only: Option<&str>) -> io::Result<()> {
    let position = format!("{}:{}", record.partition, record.sequence);
    for entry in &record.entries {
        if only.is_none_or(|user| user == entry.user.as_str()) {
            writeln!(out, "{}", line(&position, entry))?;
        }
    }
    for letter in record.dead_letters.iter().filter(|_| only.is_none()) {
        let origin = format!("{}:{}:{}", letter.topic, letter.partition, letter.offset);
        writeln!(out, "{}", json!({"position": position, "dead_letter": letter.reason, "origin": origin}))?;
    }
    Ok(())
}

fn line(position: &str, entry: &Entry) -> Value {
    let time = Timestamp::from_microsecond(entry.time_us).map_or(Value::Null, |time| json!(time));
    let mut line = json!({"position": position, "user": entry.user, "id": entry.command_id, "time": time});
    match &entry.outcome {
        Outcome::Accepted(events) => {
            let event = |event: &centime_domain::Event| {
                let mut data = Vec::new();
                event.write_json(&mut data);
                let data: Value = serde_json::from_slice(&data).unwrap_or_default();
                json!({"type": event.type_name(), "data": data})
            };
            line["events"] = events.iter().map(event).collect();
        }
        Outcome::Refused(refusal) => line["refused"] = json!(refusal),
    }
    line
}
