//! Bank files: `POST …/imports` cuts them into commands, `DELETE …/imports/{id}` takes them back.

use crate::edge::Edge;
use crate::failure::Failure;
use crate::imports_answer::Tally;
use crate::problem::Problem;
use crate::reply::{self, Outcome};
use crate::request::Request;
use centime_domain::{
    Command, CommandId, Event, ImportRow, ImportTransactions, Outcome as Decision, PreviewQuery, Query,
    Refusal, UserId,
};
use centime_engine::{NewCommand, Position};
use centime_imports::{File, Format, LineError, Row, Statement};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use uuid::Uuid;
use warp::http::StatusCode;
use warp::http::header::{HeaderValue, LOCATION};

/// About how many bytes the rows of one command may take.
const PART_BYTES: usize = 200_000;

/// A command's worth of a file.
struct Part {
    number: u32,
    account: Option<String>,
    currency: Option<&'static str>,
    rows: Vec<Value>,
    bytes: usize,
}

/// `POST /v1/users/{user}/imports`
pub(crate) async fn import(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["format", "account", "preview"])?;
    let named = parameters.get("format").ok_or_else(|| {
        Problem::bad_request("missing_parameter", format!("name one of {}", Format::NAMES)).field("format")
    })?;
    let format = Format::named(named).ok_or_else(|| {
        Problem::bad_request("invalid_parameter", format!("must be one of {}", Format::NAMES)).field("format")
    })?;
    let preview = parameters.value("preview", "true or false")?.unwrap_or(false);
    let mut file = centime_imports::read(format, &request.body).map_err(refused)?;
    let account = parameters.get("account").map(str::to_owned);
    if account.is_some() && file.statements.len() > 1 {
        let why = "the file has several accounts, and names them itself: leave `account` out";
        return Err(refused(Refusal::new("several_accounts", "account", why)).into());
    }
    let (user, id) = (request.user()?, request.command_id()?);
    let parts = cut(&mut file, account.as_deref());
    let mut tally = Tally::new(&file, account.as_deref());
    let importer = Importer { edge, user, id: id.clone(), format: named, time: request.command_time()? };
    let (mut position, mut repeated) = (None, true);
    for part in parts {
        let data = importer.data(&part);
        position = Some(if preview {
            importer.preview(&part, data, request.at_least()?, &mut tally).await?
        } else {
            let (position, again) = importer.submit(&part, data, &mut tally).await?;
            repeated &= again;
            position
        });
    }
    let status = if preview { StatusCode::OK } else { StatusCode::CREATED };
    let mut response = reply::json(status, &tally.answer(&id.text(), preview));
    if let Some(position) = position {
        reply::set_position(response.headers_mut(), position);
    }
    if !preview {
        let address = crate::commands::location(request.param("user"), "imports", &id.text());
        response.headers_mut().insert(LOCATION, address);
    }
    if repeated && !preview {
        response.headers_mut().insert(crate::commands::REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `DELETE /v1/users/{user}/imports/{id}`
pub(crate) async fn undo(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    let (user, id, time) = (request.user()?, request.command_id()?, request.command_time()?);
    let import = request.param("id");
    let mut deleted = 0;
    let mut position = None;
    // Parts are numbered without holes: the first that is not found is behind the last.
    for part in 1.. {
        let command = NewCommand {
            user: user.clone(),
            id: part_id(&id, part),
            time,
            kind: "undo_import".to_owned(),
            data: json!({"id": import, "part": part}).to_string().into_bytes(),
        };
        let reply = edge.backend.submit(command).await?;
        match reply.outcome {
            Decision::Accepted(events) => {
                for event in events {
                    if let Event::ImportUndone(undone) = event {
                        deleted += u64::from(undone.deleted);
                    }
                }
            }
            Decision::Refused(refusal) if refusal.code == "not_found" && part > 1 => break,
            Decision::Refused(refusal) => {
                let missing = refusal.code == "not_found";
                let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::UNPROCESSABLE_ENTITY };
                return Err(Problem::refusal(status, refusal).decided(reply.id, reply.position).into());
            }
        }
        position = Some(reply.position);
    }
    let mut response = reply::json(StatusCode::OK, &json!({"import_id": import, "deleted": deleted}));
    if let Some(position) = position {
        reply::set_position(response.headers_mut(), position);
    }
    Ok(response)
}

fn refused(refusal: Refusal) -> Problem {
    Problem::refusal(StatusCode::UNPROCESSABLE_ENTITY, refusal)
}

/// The ids of a request's commands: the first has the request's own, the others follow from it, so that the request can be
/// repeated.
fn part_id(id: &CommandId, part: u32) -> CommandId {
    if part == 1 {
        return id.clone();
    }
    let name = format!("{}\n{part}", &*id.text());
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
    CommandId::parse(&uuid.to_string()).expect("a UUID is printable")
}

/// Cuts a file into parts, each of one account; rows that no command would take become errors of their lines. There is
/// always one part: an import of nothing is an import, too.
fn cut(file: &mut File, account: Option<&str>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut errors = Vec::new();
    for statement in &file.statements {
        let mut seen = HashMap::new();
        let mut open = false;
        for row in &statement.rows {
            let value = written(row, &mut seen);
            let text = value.to_string();
            if let Err(reason) = acceptable(&text) {
                errors.push(LineError { line: row.line, reason });
                continue;
            }
            let most = ImportTransactions::MOST_ROWS;
            let full = |part: &Part| part.rows.len() >= most || part.bytes + text.len() > PART_BYTES;
            if !open || parts.last().is_none_or(full) {
                parts.push(part(parts.len(), statement, account));
                open = true;
            }
            let last = parts.last_mut().expect("one was just opened");
            last.rows.push(value);
            last.bytes += text.len();
        }
    }
    if let (true, Some(statement)) = (parts.is_empty(), file.statements.first()) {
        parts.push(part(0, statement, account));
    }
    file.errors.extend(errors);
    parts
}

fn part(before: usize, statement: &Statement, account: Option<&str>) -> Part {
    Part {
        number: u32::try_from(before + 1).expect("a body has not so many rows"),
        account: account.map(str::to_owned).or_else(|| statement.account.clone()),
        currency: statement.currency.map(centime_domain::Currency::code),
        rows: Vec::new(),
        bytes: 0,
    }
}

/// Whether the domain would take the row: asked one by one, so that one bad row does not keep the others out.
fn acceptable(row: &str) -> Result<(), Refusal> {
    let data = format!("{{\"rows\":[{row}]}}");
    Command::parse("import_transactions", data.as_bytes()).map(drop).map_err(|mut refusal| {
        let field = refusal.field.take();
        let plain = field.map(|field| field.trim_start_matches("rows[0].").to_owned());
        Refusal { field: plain.map(Into::into), ..refusal }
    })
}

/// A row as `import_transactions` takes it. Rows without a bank's id are counted over the whole file: parts don't matter.
fn written(row: &Row, seen: &mut HashMap<String, u32>) -> Value {
    let occurrence = row.bank_id.is_none().then(|| {
        let equal = ImportRow::equal_by(row.started.unwrap_or(row.date), row.amount, row.payee.as_deref());
        let counted = seen.entry(equal).or_default();
        *counted += 1;
        *counted
    });
    let split = |(category, amount): &(String, centime_domain::Amount)| json!({"category": category, "amount": amount});
    let mut value = json!({
        "line": row.line, "date": row.date, "amount": row.amount, "currency": row.currency, "payee": row.payee,
        "note": row.note, "category": row.category, "tags": row.tags, "bank_id": row.bank_id,
        "splits": row.splits.iter().map(split).collect::<Vec<_>>(), "occurrence": occurrence,
        "excluded": row.transfer, "status": if row.pending { "pending" } else { "posted" },
    });
    if let Some(started) = row.started.filter(|started| *started != row.date) {
        value["started"] = json!(started);
    }
    value
}

struct Importer<'a> {
    edge: &'a Edge,
    user: UserId,
    id: CommandId,
    format: &'a str,
    time: Option<Timestamp>,
}

impl Importer<'_> {
    fn data(&self, part: &Part) -> Vec<u8> {
        let data = json!({
            "import_id": self.id, "part": part.number, "account": part.account, "currency": part.currency,
            "source": self.format, "rows": part.rows,
        });
        data.to_string().into_bytes()
    }

    /// Decides one part; answers where, and whether it had been decided before.
    async fn submit(
        &self,
        part: &Part,
        data: Vec<u8>,
        tally: &mut Tally<'_>,
    ) -> Result<(Position, bool), Failure> {
        let command = NewCommand {
            user: self.user.clone(),
            id: part_id(&self.id, part.number),
            time: self.time,
            kind: "import_transactions".to_owned(),
            data,
        };
        let reply = self.edge.backend.submit(command).await?;
        match reply.outcome {
            Decision::Accepted(events) => {
                for event in &events {
                    let mut data = Vec::new();
                    event.write_json(&mut data);
                    let data = serde_json::from_slice(&data).expect("events are written as JSON");
                    tally.add(event.type_name(), data);
                }
                Ok((reply.position, reply.repeated))
            }
            Decision::Refused(refusal) => Err(refused(refusal).decided(reply.id, reply.position).into()),
        }
    }

    /// Asks what one part would come to; answers at which position.
    async fn preview(
        &self,
        part: &Part,
        data: Vec<u8>,
        at_least: Option<Position>,
        tally: &mut Tally<'_>,
    ) -> Result<Position, Failure> {
        let Command::ImportTransactions(command) =
            Command::parse("import_transactions", &data).map_err(refused)?
        else {
            unreachable!("a command is of the type it is read as")
        };
        let id = part_id(&self.id, part.number);
        let query = Query::Preview(PreviewQuery { command: Box::new(command), id });
        let answer = self.edge.backend.query(self.user.clone(), query, at_least).await?;
        let mut body = answer.body.map_err(refused)?;
        if let Value::Array(events) = body["events"].take() {
            for mut event in events {
                let data = event["data"].take();
                tally.add(event["type"].as_str().unwrap_or_default(), data);
            }
        }
        Ok(answer.position)
    }
}
