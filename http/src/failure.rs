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
        let unavailable = |code, text| Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, text);
        let internal = |code, text| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, code, text);
        Self::Problem(match error {
            EngineError::Elsewhere { address } => return Self::Elsewhere(address),
            EngineError::Busy { retry_after } => unavailable("busy", text).retry_after(retry_after),
            EngineError::NotReady => unavailable("not_ready", text).retry_after(soon),
            EngineError::Stopping => unavailable("stopping", text).retry_after(soon),
            EngineError::Timeout => Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", text),
            EngineError::Poisoned => internal("poisoned", text),
            EngineError::Log(LogError::Unavailable(_)) => {
                unavailable("log_unavailable", text).retry_after(soon)
            }
            EngineError::Log(LogError::Setup(_) | LogError::Journal(_)) => internal("log_failed", text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(error: EngineError) -> (u16, Option<String>) {
        let Failure::Problem(problem) = Failure::from(error) else { panic!("not a problem") };
        let response = problem.into_response();
        let retry = response.headers().get("retry-after").map(|v| v.to_str().unwrap().to_owned());
        (response.status().as_u16(), retry)
    }

    #[test]
    fn each_engine_error_has_its_status() {
        let wait = Duration::from_millis(1_200);
        assert_eq!(answer(EngineError::Busy { retry_after: wait }), (503, Some("2".into())));
        assert_eq!(answer(EngineError::NotReady), (503, Some("1".into())));
        assert_eq!(answer(EngineError::Stopping), (503, Some("1".into())));
        assert_eq!(answer(EngineError::Timeout), (504, None));
        assert_eq!(answer(EngineError::Poisoned), (500, None));
        let unavailable = LogError::Unavailable("broker gone".into());
        assert_eq!(answer(unavailable.into()), (503, Some("1".into())));
        assert_eq!(answer(LogError::Setup("no such topic".into()).into()), (500, None));
    }

    #[test]
    fn elsewhere_is_not_an_answer_yet() {
        let failure = Failure::from(EngineError::Elsewhere { address: "b:8000".into() });
        assert!(matches!(failure, Failure::Elsewhere(address) if address == "b:8000"));
    }
}
