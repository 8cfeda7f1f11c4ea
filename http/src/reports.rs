//! Handlers of reports. A report is kept and shown long after it was asked for, so it says itself where it holds.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::queries::{ask_at, read};
use crate::query::Parameters;
use crate::reply::Outcome;
use crate::request::Request;
use centime_domain::{Currency, Date, Month, Months, Query, Report, ReportQuery, When, Year};
use centime_engine::Position;
use serde_json::{Value, json};

/// `GET /v1/users/{user}/reports/month`
pub(crate) async fn month(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["month", "currency", "position"])?;
    let report = match parameters.get("month") {
        Some(text) => Report::Month(read(Month::read(text), "month")?),
        None => Report::MonthAt(edge.backend.clock().now()),
    };
    ask(edge, request, &parameters, report).await
}

/// `GET /v1/users/{user}/reports/year`
pub(crate) async fn year(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["year", "currency", "position"])?;
    let report = match parameters.get("year") {
        Some(text) => Report::Year(read(Year::read(text), "year")?),
        None => Report::YearAt(edge.backend.clock().now()),
    };
    ask(edge, request, &parameters, report).await
}

/// `GET /v1/users/{user}/reports/cash-flow`
pub(crate) async fn cash_flow(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["from", "to", "currency", "position"])?;
    let months = months(&parameters)?;
    ask(edge, request, &parameters, Report::CashFlow(months)).await
}

/// `GET /v1/users/{user}/reports/category-trend`
pub(crate) async fn category_trend(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["category", "from", "to", "currency", "position"])?;
    let category = parameters.get("category").map(str::to_owned);
    let months = months(&parameters)?;
    ask(edge, request, &parameters, Report::CategoryTrend { category, months }).await
}

/// `GET /v1/users/{user}/reports/net-worth`
pub(crate) async fn net_worth(edge: &Edge, request: &Request) -> Outcome {
    let parameters = request.parameters(&["as_of", "position"])?;
    let as_of = match parameters.get("as_of") {
        Some(text) => When::Date(read(Date::read(text), "as_of")?),
        None => When::Instant(edge.backend.clock().now()),
    };
    ask_at(edge, request, &parameters, Query::NetWorth { as_of }, place).await
}

fn place(position: Position, body: &mut Value) {
    body["position"] = json!(position.to_string());
}

fn months(parameters: &Parameters<'_>) -> Result<Months, Problem> {
    let month = |name: &'static str| {
        let missing =
            || Problem::bad_request("missing_parameter", "a month, YYYY-MM, is needed here").field(name);
        read(Month::read(parameters.get(name).ok_or_else(missing)?), name)
    };
    read(Months::new(month("from")?, month("to")?), "to")
}

async fn ask(edge: &Edge, request: &Request, parameters: &Parameters<'_>, report: Report) -> Outcome {
    let currency =
        parameters.get("currency").map(|code| read(Currency::read(code), "currency")).transpose()?;
    let query = Query::Report(ReportQuery { report, currency });
    ask_at(edge, request, parameters, query, place).await
}
