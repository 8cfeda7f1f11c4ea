//! What the engine's errors mean over HTTP.

use crate::problem::Problem;
use centime_engine::{EngineError, log::LogError};
use std::time::Duration;
use warp::http::StatusCode;

/// How a handler can end without an answer of its own.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This is the answer.
    Problem(Problem),
    /// The node at this address has the answer.
    Elsewhere(String),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let soon = Duration::from_secs(1);
        let text = error.to_string();
        let (unavailable, internal) = (StatusCode::SERVICE_UNAVAILABLE, StatusCode::INTERNAL_SERVER_ERROR);
        Self::Problem(match error {
            EngineError::Elsewhere { address } => return Self::Elsewhere(address),
            EngineError::Busy { retry_after } => {
                Problem::new(unavailable, "busy", text).retry_after(retry_after)
            }
            EngineError::NotReady => Problem::new(unavailable, "not_ready", text).retry_after(soon),
            EngineError::Stopping => Problem::new(unavailable, "stopping", text).retry_after(soon),
            EngineError::UnknownPosition { .. } => {
                Problem::bad_request("unknown_position", text).field("Centime-Position")
            }
            EngineError::Timeout | EngineError::NoAnswer => {
                Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", text)
            }
            EngineError::Poisoned => Problem::new(internal, "poisoned", text),
            EngineError::Log(LogError::Unavailable(_)) => {
                Problem::new(unavailable, "log_unavailable", text).retry_after(soon)
            }
            EngineError::Log(LogError::Setup(_) | LogError::Journal(_)) => {
                Problem::new(internal, "log_failed", text)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use centime_engine::Position;

    fn answer(error: EngineError) -> (u16, String, Option<String>) {
        let Failure::Problem(problem) = Failure::from(error) else { panic!("not a problem") };
        let code = problem.code().to_owned();
        let response = problem.into_response();
        let retry = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), code, retry)
    }

    #[test]
    fn each_engine_error_has_its_status_and_code() {
        let is = |error: EngineError, status: u16, code: &str, retry: Option<&str>| {
            assert_eq!(answer(error), (status, code.to_owned(), retry.map(str::to_owned)));
        };
        is(EngineError::Busy { retry_after: Duration::from_millis(1_200) }, 503, "busy", Some("2"));
        is(EngineError::NotReady, 503, "not_ready", Some("1"));
        is(EngineError::Stopping, 503, "stopping", Some("1"));
        is(EngineError::Timeout, 504, "timeout", None);
        is(EngineError::NoAnswer, 504, "timeout", None);
        let last = Position { partition: 3, sequence: 9 };
        is(EngineError::UnknownPosition { last }, 400, "unknown_position", None);
        is(EngineError::Poisoned, 500, "poisoned", None);
        is(LogError::Unavailable("broker gone".into()).into(), 503, "log_unavailable", Some("1"));
        is(LogError::Setup("no such topic".into()).into(), 500, "log_failed", None);
    }

    #[test]
    fn who_only_asked_is_not_told_of_an_idempotency_key() {
        let told = |error: EngineError| error.to_string().contains("Idempotency-Key");
        assert_eq!((told(EngineError::Timeout), told(EngineError::NoAnswer)), (true, false));
    }

    #[test]
    fn elsewhere_is_not_an_answer_yet() {
        let failure = Failure::from(EngineError::Elsewhere { address: "b:8000".into() });
        assert!(matches!(failure, Failure::Elsewhere(address) if address == "b:8000"));
    }
}
