//! `POST …/restore`: an export comes back. The file is read as it arrives, cut into commands, and decided part by part.

use crate::body::Chunks;
use crate::edge::Edge;
use crate::failure::Failure;
use crate::problem::Problem;
use crate::reply::{self, Outcome};
use crate::request::Request;
use crate::restore_file::{Cutter, Part};
use centime_domain::{CommandId, Outcome as Decision, Query, Refusal, UserId};
use centime_engine::{EngineError, NewCommand, Position};
use futures::StreamExt;
use futures::future::ready;
use futures::stream;
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;
use warp::http::StatusCode;
use warp::http::header::HeaderValue;

/// `POST /v1/users/{user}/restore`
pub(crate) async fn restore(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    let (user, time) = (request.user()?, request.command_time()?);
    // Whose node this is not passes the file on before any of it is read.
    edge.backend.query(user.clone(), Query::Erased, None).await?;
    let _permit = edge.uploads.try_acquire().map_err(|_| {
        let text = "too many files are being restored; retry";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", text).retry_after(Duration::from_secs(1))
    })?;
    let mut restorer = Restorer { edge, user, time, id: None, position: None, repeated: true };
    let mut chunks = request.upload.take().unwrap_or_else(|| stream::empty().boxed());
    let outcome = restorer.read(&mut chunks).await;
    if outcome.is_err() {
        // A client that is still sending would not hear the answer. Who sends for longer does not want to.
        let rest = chunks.take_while(|chunk| ready(chunk.is_ok())).for_each(|_| ready(()));
        let _ = tokio::time::timeout(edge.config.body_timeout, rest).await;
    }
    outcome
}

struct Restorer<'a> {
    edge: &'a Edge,
    user: UserId,
    time: Option<Timestamp>,
    /// The restore: its first part's id.
    id: Option<CommandId>,
    position: Option<Position>,
    /// Every part so far had been decided before.
    repeated: bool,
}

impl Restorer<'_> {
    async fn read(&mut self, chunks: &mut Chunks) -> Outcome {
        let mut cutter = Cutter::default();
        while let Some(chunk) = chunks.next().await {
            for part in cutter.read(&chunk?)? {
                self.submit(&part).await?;
            }
        }
        let (parts, tally) = cutter.finish()?;
        for part in &parts {
            self.submit(part).await?;
        }
        let body = json!({
            "restore_id": self.id, "parts": tally.parts, "commands": tally.commands, "events": tally.events,
            "subject": tally.subject,
        });
        let mut response = reply::json(StatusCode::CREATED, &body);
        if let Some(position) = self.position {
            reply::set_position(response.headers_mut(), position);
        }
        if self.repeated {
            response.headers_mut().insert(crate::commands::REPLAYED, HeaderValue::from_static("true"));
        }
        Ok(response)
    }

    async fn submit(&mut self, part: &Part) -> Result<(), Failure> {
        let data = part.data(self.id.as_ref());
        // What a part says is its name: the same file again is the same commands, however often it is sent, and a corrected one
        // goes on where it was corrected.
        let id = CommandId::parse(&Uuid::new_v5(&Uuid::NAMESPACE_OID, &data).to_string())
            .expect("a UUID is printable");
        let kind = "restore_user".to_owned();
        let command = NewCommand { user: self.user.clone(), id: id.clone(), time: self.time, kind, data };
        let reply = self.edge.backend.submit(command).await.map_err(stay_here)?;
        if let Decision::Refused(refusal) = reply.outcome {
            return Err(refused(part, refusal).decided(reply.id, reply.position).into());
        }
        self.id.get_or_insert(id);
        self.position = Some(reply.position);
        self.repeated &= reply.repeated;
        Ok(())
    }
}

/// What was read can't be passed on any more.
fn stay_here(error: EngineError) -> Failure {
    match Failure::from(error) {
        Failure::Elsewhere(_) => {
            let text = "the user's partition is changing nodes; send the file again";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "owner_changing", text);
            problem.retry_after(Duration::from_secs(1)).into()
        }
        failure @ Failure::Problem(_) => failure,
    }
}

/// The refusal of a part, by the line of the file.
fn refused(part: &Part, refusal: Refusal) -> Problem {
    let Some((line, field)) = refusal.field.as_deref().and_then(|field| part.line_of(field)) else {
        return Problem::refusal(StatusCode::UNPROCESSABLE_ENTITY, refusal);
    };
    let before = if part.number == 1 {
        ""
    } else {
        " (the parts before this one are restored: send the corrected file to go on, or erase the user)"
    };
    let text = format!("{}{before}", refusal.text).into();
    let field = (!field.is_empty()).then(|| field.into());
    Problem::at_line(line, Refusal { text, field, ..refusal })
}
