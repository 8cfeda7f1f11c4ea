//! Cuts an export into parts: lines become events, events of one command stay together.

use crate::problem::Problem;
use centime_domain::{CommandId, Refusal, RestoreUser};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write as _;

/// A part is closed at about this many bytes of commands.
const PART_BYTES: usize = 200_000;
/// The longest line: none that centime writes comes near it.
const MOST_LINE: usize = 1 << 20;
/// All that came of one command: none that centime takes comes to so much.
const MOST_COMMAND: usize = 2 << 20;

/// One line. What stands in it and is not known is refused, not passed over.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow, rename = "id")]
    _id: Cow<'a, str>,
    #[serde(borrow, rename = "source")]
    _source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow, rename = "datacontenttype")]
    _datacontenttype: Option<Cow<'a, str>>,
    #[serde(borrow)]
    causationid: Cow<'a, str>,
    #[serde(borrow)]
    bodyhash: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "sequence")]
    _sequence: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// One command's worth of lines.
#[derive(Debug, Default)]
struct Group {
    id: String,
    time: String,
    body_hash: Option<String>,
    /// JSON, without brackets.
    events: String,
    /// Where its first event stands.
    line: u64,
}

/// A command's worth of a file.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub(crate) number: u32,
    last: bool,
    /// JSON, without brackets.
    commands: String,
    /// Where each command's first event stands.
    lines: Vec<u64>,
}

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) parts: u32,
    pub(crate) commands: u64,
    pub(crate) events: u64,
    /// Whose export it is.
    pub(crate) subject: Option<String>,
}

/// Reads a file from chunks of any size.
#[derive(Debug, Default)]
pub(crate) struct Cutter {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// The command whose lines may go on.
    group: Option<Group>,
    part: Part,
    whole: Vec<Part>,
    /// How many lines were read.
    lines: u64,
    tally: Tally,
}

impl Cutter {
    /// Reads on; answers the parts that are whole now. Refuses with `invalid_line`, `line_too_long`, `several_users`,
    /// `command_too_long`, each with its line.
    pub(crate) fn read(&mut self, mut chunk: &[u8]) -> Result<Vec<Part>, Problem> {
        while let Some(end) = chunk.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = chunk.split_at(end);
            chunk = &rest[1..];
            if self.begun.is_empty() {
                self.add(line)?;
            } else {
                self.begin(line)?;
                let line = std::mem::take(&mut self.begun);
                self.add(&line)?;
            }
        }
        self.begin(chunk)?;
        Ok(std::mem::take(&mut self.whole))
    }

    /// The last parts, and what there was in all. There is always one: restoring nothing is a restore, too.
    pub(crate) fn finish(mut self) -> Result<(Vec<Part>, Tally), Problem> {
        if !self.begun.is_empty() {
            let line = std::mem::take(&mut self.begun);
            self.add(&line)?;
        }
        self.close_group();
        self.close_part(true);
        Ok((self.whole, self.tally))
    }

    fn begin(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if self.begun.len() + bytes.len() > MOST_LINE {
            let text = format!("a line of an export is at most {MOST_LINE} bytes");
            return Err(Problem::at_line(self.lines + 1, Refusal::plain("line_too_long", text)));
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.lines += 1;
        let number = self.lines;
        if bytes.len() > MOST_LINE {
            let text = format!("a line of an export is at most {MOST_LINE} bytes");
            return Err(Problem::at_line(number, Refusal::plain("line_too_long", text)));
        }
        let line: Line<'_> = serde_json::from_slice(bytes).map_err(|error| {
            let text =
                format!("this is no event of an export (is the file whole, and of this version?): {error}");
            Problem::at_line(number, Refusal::plain("invalid_line", text))
        })?;
        if line.specversion != "1.0" {
            let text = "an envelope of a version that this centime does not know";
            return Err(Problem::at_line(number, Refusal::new("invalid_line", "specversion", text)));
        }
        if self.tally.subject.get_or_insert_with(|| line.subject.to_string()) != &*line.subject {
            let text = "an export is of one user: this line is another's";
            return Err(Problem::at_line(number, Refusal::new("several_users", "subject", text)));
        }
        self.tally.events += 1;
        self.add_event(&line, number)
    }

    fn add_event(&mut self, line: &Line<'_>, number: u64) -> Result<(), Problem> {
        if self.group.as_ref().is_none_or(|group| group.id != line.causationid) {
            self.close_group();
        }
        let group = self.group.get_or_insert_with(|| Group {
            id: line.causationid.to_string(),
            time: line.time.to_string(),
            body_hash: line.bodyhash.as_deref().map(str::to_owned),
            events: String::new(),
            line: number,
        });
        if (&*group.time, group.body_hash.as_deref()) != (&*line.time, line.bodyhash.as_deref()) {
            let text =
                "events of one command have one time and one body: here these differ from the line before";
            return Err(Problem::at_line(number, Refusal::new("invalid_line", "time", text)));
        }
        let comma = if group.events.is_empty() { "" } else { "," };
        let (kind, data) = (Json(&line.kind), line.data.get());
        write!(group.events, r#"{comma}{{"type":{kind},"data":{data}}}"#).expect("a String takes all of it");
        if group.events.len() > MOST_COMMAND {
            let text = format!("all that came of one command is at most {MOST_COMMAND} bytes");
            return Err(Problem::at_line(number, Refusal::plain("command_too_long", text)));
        }
        Ok(())
    }

    fn close_group(&mut self) {
        let Some(Group { id, time, body_hash, events, line }) = self.group.take() else { return };
        let full = self.part.commands.len() + events.len() > PART_BYTES
            || self.part.lines.len() >= RestoreUser::MOST_COMMANDS;
        if full && !self.part.lines.is_empty() {
            self.close_part(false);
        }
        let comma = if self.part.lines.is_empty() { "" } else { "," };
        let (id, time) = (Json(&id), Json(&time));
        write!(self.part.commands, r#"{comma}{{"id":{id},"time":{time},"#).expect("a String takes all of it");
        if let Some(hash) = &body_hash {
            write!(self.part.commands, r#""body_hash":{},"#, Json(hash)).expect("a String takes all of it");
        }
        write!(self.part.commands, r#""events":[{events}]}}"#).expect("a String takes all of it");
        self.part.lines.push(line);
        self.tally.commands += 1;
    }

    fn close_part(&mut self, last: bool) {
        self.tally.parts += 1;
        let part = std::mem::take(&mut self.part);
        self.whole.push(Part { number: self.tally.parts, last, ..part });
    }
}

impl Part {
    /// The command's data. `restore`: the first part's id.
    pub(crate) fn data(&self, restore: Option<&CommandId>) -> Vec<u8> {
        let Self { number, last, commands, .. } = self;
        let restore = restore.map_or_else(|| "null".to_owned(), |id| Json(&id.text()).to_string());
        format!(r#"{{"restore_id":{restore},"part":{number},"last":{last},"commands":[{commands}]}}"#)
            .into_bytes()
    }

    /// The line that a refusal's field (`commands[3].events[1].data.amount`) means, and what of it.
    pub(crate) fn line_of(&self, field: &str) -> Option<(u64, String)> {
        let (command, rest) = field.strip_prefix("commands[")?.split_once(']')?;
        let line = *self.lines.get(command.parse::<usize>().ok()?)?;
        let rest = rest.trim_start_matches('.');
        let (event, rest) = rest
            .strip_prefix("events[")
            .and_then(|rest| rest.split_once(']'))
            .and_then(|(event, rest)| Some((event.parse::<u64>().ok()?, rest)))
            .unwrap_or((0, rest));
        // What a line is called in the file.
        let rest = match rest.trim_start_matches('.') {
            "id" => "causationid",
            "body_hash" => "bodyhash",
            rest => rest,
        };
        Some((line + event, rest.to_owned()))
    }
}

/// A text as JSON.
struct Json<'a>(&'a str);

impl std::fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&serde_json::to_string(self.0).expect("a text is JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn line(id: &str, data: &Value) -> String {
        let line = json!({
            "specversion": "1.0", "id": "x", "source": "/centime", "type": "budget_removed", "subject": "ada",
            "time": "2026-01-01T00:00:00Z", "datacontenttype": "application/json", "causationid": id,
            "bodyhash": "00ff", "sequence": "1:2:3", "data": data,
        });
        format!("{line}\n")
    }

    fn cut(file: &[u8], chunk: usize) -> Result<(Vec<Part>, Tally), Problem> {
        let mut cutter = Cutter::default();
        let mut parts = Vec::new();
        for chunk in file.chunks(chunk) {
            parts.extend(cutter.read(chunk)?);
        }
        let (last, tally) = cutter.finish()?;
        parts.extend(last);
        Ok((parts, tally))
    }

    fn refused(file: &str, code: &str, line: u64) {
        let Err(problem) = cut(file.as_bytes(), 1_000) else { panic!("not refused with {code}") };
        let shown = format!("{problem:?}");
        assert!(
            shown.contains(&format!("code: {code:?}")) && shown.contains(&format!("line: Some({line})")),
            "{shown}"
        );
    }

    #[test]
    fn however_a_file_arrives_its_commands_stay_whole() {
        let file: String =
            [line("a", &json!({"n": 1})), line("a", &json!({"n": "\"é"})), line("b", &json!({}))].concat();
        for chunk in [1, 7, 100, 10_000] {
            for end in [0, 1] {
                let (parts, tally) = cut(&file.as_bytes()[..file.len() - end], chunk).unwrap();
                assert_eq!((tally.parts, tally.commands, tally.events), (1, 2, 3));
                assert_eq!(tally.subject.as_deref(), Some("ada"));
                let data: Value = serde_json::from_slice(&parts[0].data(None)).unwrap();
                let event = |data: Value| json!({"type": "budget_removed", "data": data});
                let command = |id: &str, events: &[Value]| json!({"id": id, "time": "2026-01-01T00:00:00Z", "body_hash": "00ff", "events": events});
                let commands = [
                    command("a", &[event(json!({"n": 1})), event(json!({"n": "\"é"}))]),
                    command("b", &[event(json!({}))]),
                ];
                assert_eq!(data, json!({"restore_id": null, "part": 1, "last": true, "commands": commands}));
            }
        }
    }

    #[test]
    fn parts_are_bounded_and_know_their_lines() {
        let file: String = (0..1_200).map(|n| line(&format!("c{n}"), &json!({}))).collect();
        let (parts, tally) = cut(file.as_bytes(), 5_000).unwrap();
        assert_eq!((parts.len(), tally.commands), (3, 1_200));
        assert_eq!(
            parts.iter().map(|part| (part.number, part.last)).collect::<Vec<_>>(),
            [(1, false), (2, false), (3, true)]
        );
        assert_eq!(
            parts[1].line_of("commands[2].events[0].data.amount"),
            Some((503, "data.amount".to_owned()))
        );
        assert_eq!(parts[2].line_of("commands[0].id"), Some((1_001, "causationid".to_owned())));
        assert_eq!(parts[2].line_of("part"), None);
        let text = json!({"note": "x".repeat(60_000)});
        let file: String = (0..10).map(|n| line(&format!("c{n}"), &text)).collect();
        let (parts, _) = cut(file.as_bytes(), 5_000).unwrap();
        assert_eq!(parts.len(), 4);
        assert!(parts.iter().all(|part| part.data(None).len() < PART_BYTES + 1_000));
    }

    #[test]
    fn nothing_is_one_empty_part() {
        let (parts, tally) = cut(b"", 10).unwrap();
        assert_eq!((parts.len(), tally.commands, tally.subject), (1, 0, None));
        assert!(parts[0].last);
    }

    #[test]
    fn what_is_no_line_of_an_export_is_refused_with_its_line() {
        let good = line("a", &json!({}));
        let cases = [
            (good[..good.len() - 10].to_owned(), "invalid_line"),
            ("\n".to_owned(), "invalid_line"),
            (good.replace("1.0", "2.0"), "invalid_line"),
            (good.replace("bodyhash", "bodysize"), "invalid_line"),
            (good.replace("ada", "bob"), "several_users"),
            (good.replace("2026", "2027"), "invalid_line"),
            (line("b", &json!({"note": "x".repeat(10 << 20)})), "line_too_long"),
        ];
        for (bad, code) in cases {
            refused(&format!("{good}{bad}"), code, 2);
        }
        let long: String = (0..5).map(|_| line("a", &json!({"note": "x".repeat(900_000)}))).collect();
        refused(&long, "command_too_long", 3);
    }
}
