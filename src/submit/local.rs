//! To the engine in this process.

use super::{Answer, Outcome, PATIENCE};
use anyhow::Context as _;
use centime_domain::{Event, UserId};
use centime_engine::{Engine, EngineError, EventPlace, NewCommand, Reply, write_event};
use futures::channel::oneshot::Sender;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A full engine has room again after a batch or two, long before the time it tells HTTP clients.
const BREATHER: Duration = Duration::from_millis(10);

/// Submits a command until it is decided. `turn` is dropped once the engine has it: the engine keeps the order in which
/// commands get there, so the user's next one need not wait for this one's answer.
pub(super) async fn submit(engine: &Engine, command: NewCommand, turn: Sender<()>) -> anyhow::Result<Answer> {
    let started = Instant::now();
    let mut turn = Some(turn);
    loop {
        let mut reply = Box::pin(engine.submit(command.clone()));
        let result = match futures::poll!(&mut reply) {
            Poll::Ready(result) => result,
            Poll::Pending => {
                turn.take();
                reply.await
            }
        };
        match result {
            Ok(reply) => return Ok(answer(&command.user, &reply)),
            Err(EngineError::Poisoned) => return Ok(Answer { outcome: Outcome::Poisoned, repeated: false }),
            Err(error) if !may_pass(&error) || started.elapsed() > PATIENCE => {
                return Err(error)
                    .with_context(|| format!("command {:?} was not decided", &*command.id.text()));
            }
            Err(_) => tokio::time::sleep(BREATHER).await,
        }
    }
}

fn may_pass(error: &EngineError) -> bool {
    matches!(error, EngineError::Busy { .. } | EngineError::NotReady | EngineError::Timeout)
}

fn answer(user: &UserId, reply: &Reply) -> Answer {
    let repeated = reply.repeated;
    let outcome = match &reply.outcome {
        centime_domain::Outcome::Accepted(events) => Outcome::Accepted(alerts(user, reply, events)),
        centime_domain::Outcome::Refused(refusal) => {
            Outcome::Refused { code: refusal.code.to_string(), text: refusal.text.to_string() }
        }
    };
    Answer { outcome, repeated }
}

/// The envelopes of the alerts among the events, as the feed has them.
fn alerts(user: &UserId, reply: &Reply, events: &[Event]) -> Vec<String> {
    let envelope = |(nth, event): (u32, &Event)| {
        let sequence = (reply.position.partition, reply.position.sequence, reply.first_index + nth);
        let place =
            EventPlace { user, command_id: &reply.id, time_us: reply.time.as_microsecond(), sequence, nth };
        let mut out = Vec::new();
        write_event(&mut out, &place, event);
        String::from_utf8(out).expect("JSON is UTF-8")
    };
    (0..).zip(events).filter(|(_, event)| event.is_alert()).map(envelope).collect()
}
