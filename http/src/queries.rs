//! Handlers that ask about a user.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::reply::{self, Outcome, Response};
use crate::request::Request;
use centime_domain::{CommandId, Date, Month, Query, Refusal, TransactionsQuery};
use centime_engine::{Answer, Position};
use serde_json::Value;
use warp::http::StatusCode;

/// `GET /v1/users/{user}/transactions`
pub(crate) async fn transactions(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["cursor", "limit", "from", "to", "category"])?;
    let date = |name| parameters.get(name).map(|text| read(Date::read(text), name)).transpose();
    let query = TransactionsQuery {
        cursor: parameters.get("cursor").map(str::to_owned),
        limit: parameters.value("limit", "a number")?.unwrap_or(TransactionsQuery::default().limit),
        from: date("from")?,
        to: date("to")?,
        category: parameters.get("category").map(str::to_owned),
    };
    ask(edge, request, Query::Transactions(query)).await
}

/// `GET /v1/users/{user}/transactions/{id}`
pub(crate) async fn transaction(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    let id = read(CommandId::parse(request.param("id")), "id")?;
    ask(edge, request, Query::Transaction { id }).await
}

/// `GET /v1/users/{user}/budgets`
pub(crate) async fn budgets(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["month", "position"])?;
    let query = match parameters.get("month") {
        Some(text) => Query::Budgets { month: read(Month::read(text), "month")? },
        None => Query::BudgetsAt { time: edge.backend.clock().now() },
    };
    ask_at(edge, request, &parameters, query, |_, _| {}).await
}

/// `GET /v1/users/{user}/preferences`
pub(crate) async fn preferences(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    ask(edge, request, Query::Preferences).await
}

/// `GET /v1/users/{user}/balance`
pub(crate) async fn balance(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    ask(edge, request, Query::Balance).await
}

/// `GET /v1/users/{user}/accounts`
pub(crate) async fn accounts(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    ask(edge, request, Query::Accounts).await
}

/// `GET /v1/users/{user}/accounts/{id}`
pub(crate) async fn account(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    ask(edge, request, Query::Account { name: request.param("id").to_owned() }).await
}

/// `GET /v1/users/{user}/recurring`
pub(crate) async fn recurring(edge: &Edge, request: &Request) -> Outcome {
    request.parameters(&[])?;
    ask(edge, request, Query::Recurring).await
}

async fn ask(edge: &Edge, request: &Request, query: Query) -> Outcome {
    Ok(answered(edge.backend.query(request.user()?, query, request.at_least()?).await?, |_, _| {}))
}

/// Asks, as of the parameter `position` if there is one; `finish` may add to the body what only the engine knows: where the
/// answer holds.
pub(crate) async fn ask_at(
    edge: &Edge,
    request: &Request,
    parameters: &Parameters<'_>,
    query: Query,
    finish: impl FnOnce(Position, &mut Value) + Send,
) -> Outcome {
    let malformed = |()| {
        let text = "a position is partition:sequence, as in an answer's Centime-Position";
        Problem::bad_request("invalid_position", text).field("position")
    };
    let at = parameters.get("position").map(|text| text.parse().map_err(malformed)).transpose()?;
    let (user, at_least) = (request.user()?, request.at_least()?);
    let answer = match at {
        None => edge.backend.query(user, query, at_least).await?,
        Some(at) => edge.backend.query_at(user, query, at, at_least).await?,
    };
    Ok(answered(answer, finish))
}

fn answered(answer: Answer, finish: impl FnOnce(Position, &mut Value)) -> Response {
    let mut response = match answer.body {
        Ok(mut body) => {
            finish(answer.position, &mut body);
            reply::json(StatusCode::OK, &body)
        }
        Err(refusal) => refused(refusal).into_response(),
    };
    reply::set_position(response.headers_mut(), answer.position);
    response
}

/// A question that has no answer is the asker's mistake, unless the state is damaged.
fn refused(refusal: Refusal) -> Problem {
    let status = match refusal.code.as_ref() {
        "not_found" => StatusCode::NOT_FOUND,
        "invalid_page" => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    Problem::refusal(status, refusal)
}

/// A value of the address, or what is wrong with it, under the name it has there.
pub(crate) fn read<T>(value: Result<T, Refusal>, name: &'static str) -> Result<T, Problem> {
    value.map_err(|refusal| Problem::refusal(StatusCode::BAD_REQUEST, refusal).field(name))
}
