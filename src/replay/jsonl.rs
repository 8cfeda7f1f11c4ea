//! One command envelope a line.

use super::rows::Row;
use anyhow::Context as _;
use centime_engine::{CommandEnvelope, NewCommand};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::BufRead;

/// What [`CommandEnvelope`] leaves behind when it has read the rest.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The rows of a file of envelopes; blank lines are none. An envelope without a time gets `now`.
pub(super) fn rows(mut file: impl BufRead, now: Timestamp) -> impl Iterator<Item = anyhow::Result<Row>> {
    let mut line = 0;
    std::iter::from_fn(move || {
        loop {
            let mut bytes = Vec::new();
            match file.read_until(b'\n', &mut bytes).context("the file can't be read further") {
                Ok(0) => return None,
                Ok(_) => line += 1,
                Err(error) => return Some(Err(error)),
            }
            let text = bytes.trim_ascii();
            if !text.is_empty() {
                return Some(Ok(row(text, now).unwrap_or_else(|reason| Row::Unreadable {
                    line,
                    reason,
                    bytes: text.to_vec(),
                })));
            }
        }
    })
}

fn row(line: &[u8], now: Timestamp) -> Result<Row, String> {
    let CommandEnvelope { user, input } =
        CommandEnvelope::parse(line, None, now).map_err(|e| e.to_string())?;
    let Content { kind, data } = serde_json::from_slice(line).map_err(|e| e.to_string())?;
    Ok(Row::Command(NewCommand { user, id: input.id, time: Some(input.time), kind, data: data.get().into() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_or_dead_letters() {
        let file = concat!(
            r#"{"specversion":"1.0","id":"a","source":"t","type":"create_transaction","subject":"u","time":"2026-01-02T03:04:05Z","data":{"x":1}}"#,
            "\n\n",
            r#"{"specversion":"1.0","id":"b","source":"t","type":"create_transaction","subject":"u"}"#,
            "\nnonsense"
        );
        let rows: Vec<Row> =
            rows(file.as_bytes(), Timestamp::UNIX_EPOCH).collect::<anyhow::Result<_>>().expect("rows");
        let Row::Command(command) = &rows[0] else { panic!("{:?}", rows[0]) };
        assert_eq!((&*command.id.text(), command.data.as_slice()), ("a", br#"{"x":1}"#.as_slice()));
        assert_eq!(command.time, "2026-01-02T03:04:05Z".parse().ok());
        let line = |row: &Row| if let Row::Unreadable { line, .. } = row { *line } else { 0 };
        assert_eq!((line(&rows[1]), line(&rows[2]), rows.len()), (3, 4, 3));
    }
}
