//! Stateless questions: no user, no journal, answered where they arrive.

use crate::commands::checked;
use crate::problem::Problem;
use crate::reply::{self, Outcome};
use crate::request::Request;
use warp::http::StatusCode;

/// `POST /v1/calculate/{fn}`
pub(crate) fn calculate(request: &Request) -> Outcome {
    request.parameters(&[])?;
    let answer = centime_domain::calculate(request.param("fn"), &checked(&request.body)?);
    let result = answer.map_err(|refusal| {
        let status = match refusal.code.as_ref() {
            "unknown_function" => StatusCode::NOT_FOUND,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Problem::refusal(status, refusal)
    })?;
    Ok(reply::json(StatusCode::OK, &result))
}
