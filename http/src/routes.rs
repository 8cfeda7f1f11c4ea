//! The route table: every path there is. A new command is reachable through `…/commands/{type}` without a line here.

use crate::router::{Handler, Route};
use crate::{calculate, commands, events, export, imports, queries, reports, restore, service, websocket};
use std::future::ready;
use warp::http::Method;

/// Every path there is; the first that matches answers.
pub(crate) static ROUTES: &[Route] = &[
    post("/v1/users/{user}/commands/{type}", "give a command; the body is its data", |e, r| {
        Box::pin(commands::submit(e, r))
    }),
    post("/v1/users/{user}/transactions", "create a transaction", |e, r| {
        Box::pin(commands::create_transaction(e, r))
    }),
    get("/v1/users/{user}/transactions", "list transactions: limit, cursor, from, to, category", |e, r| {
        Box::pin(queries::transactions(e, r))
    }),
    get("/v1/users/{user}/transactions/{id}", "one transaction", |e, r| Box::pin(queries::transaction(e, r))),
    put("/v1/users/{user}/transactions/{id}", "change a transaction", |e, r| {
        Box::pin(commands::update_transaction(e, r))
    }),
    delete("/v1/users/{user}/transactions/{id}", "delete a transaction", |e, r| {
        Box::pin(commands::delete_transaction(e, r))
    }),
    put("/v1/users/{user}/budgets/{category}", "set the budget of a category, or of all", |e, r| {
        Box::pin(commands::set_budget(e, r))
    }),
    delete("/v1/users/{user}/budgets/{category}", "remove the budget of a category, or of all", |e, r| {
        Box::pin(commands::remove_budget(e, r))
    }),
    get("/v1/users/{user}/budgets", "budgets of a month: month=YYYY-MM, position", |e, r| {
        Box::pin(queries::budgets(e, r))
    }),
    post("/v1/users/{user}/forecasts", "look ahead: category, months, level, as_of, currency", |e, r| {
        Box::pin(commands::generate_forecast(e, r))
    }),
    get("/v1/users/{user}/balance", "balance", |e, r| Box::pin(queries::balance(e, r))),
    get("/v1/users/{user}/reports/month", "report of a month: month=YYYY-MM, currency, position", |e, r| {
        Box::pin(reports::month(e, r))
    }),
    get("/v1/users/{user}/reports/year", "report of a year: year=YYYY, currency, position", |e, r| {
        Box::pin(reports::year(e, r))
    }),
    get(
        "/v1/users/{user}/reports/cash-flow",
        "how the balance moved, by month: from, to, currency, position",
        |e, r| Box::pin(reports::cash_flow(e, r)),
    ),
    get(
        "/v1/users/{user}/reports/category-trend",
        "a category month by month: category, from, to, currency, position",
        |e, r| Box::pin(reports::category_trend(e, r)),
    ),
    get("/v1/users/{user}/preferences", "preferences", |e, r| Box::pin(queries::preferences(e, r))),
    put("/v1/users/{user}/preferences", "set preferences: those in the body", |e, r| {
        Box::pin(commands::set_preferences(e, r))
    }),
    post("/v1/users/{user}/exchange-rates", "record an exchange rate: from, to, date, rate", |e, r| {
        Box::pin(commands::record_exchange_rate(e, r))
    }),
    post("/v1/users/{user}/accounts", "open an account", |e, r| Box::pin(commands::open_account(e, r))),
    get("/v1/users/{user}/accounts", "accounts and their balances", |e, r| Box::pin(queries::accounts(e, r))),
    get("/v1/users/{user}/accounts/{id}", "one account, by id or name", |e, r| {
        Box::pin(queries::account(e, r))
    }),
    delete("/v1/users/{user}/accounts/{id}", "close an account", |e, r| {
        Box::pin(commands::close_account(e, r))
    }),
    post("/v1/users/{user}/recurring", "declare a recurring payment or income", |e, r| {
        Box::pin(commands::declare_recurring(e, r))
    }),
    get("/v1/users/{user}/recurring", "recurring payments and incomes, declared and detected", |e, r| {
        Box::pin(queries::recurring(e, r))
    }),
    delete("/v1/users/{user}/recurring/{id}", "cancel or dismiss one of them", |e, r| {
        Box::pin(commands::cancel_recurring(e, r))
    }),
    get(
        "/v1/users/{user}/reports/net-worth",
        "what all accounts come to: as_of=YYYY-MM-DD, position",
        |e, r| Box::pin(reports::net_worth(e, r)),
    ),
    get("/v1/users/{user}/events", "committed events as they happen (SSE): types, last_event_id", |e, r| {
        Box::pin(events::stream(e, r))
    }),
    get("/v1/users/{user}/ws", "the same over WebSocket", |_, _| {
        Box::pin(ready(websocket::upgrade_required()))
    }),
    post("/v1/users/{user}/imports", "import a bank's file: format, account, preview", |e, r| {
        Box::pin(imports::import(e, r))
    })
    .file(),
    delete("/v1/users/{user}/imports/{id}", "take an import back", |e, r| Box::pin(imports::undo(e, r))),
    delete("/v1/users/{user}", "erase all that is known of the user", |e, r| {
        Box::pin(commands::erase_user(e, r))
    }),
    get("/v1/users/{user}/export", "all of the user's events, as JSON lines", |e, r| {
        Box::pin(export::export(e, r))
    }),
    post("/v1/users/{user}/restore", "bring an export back, into an empty user", |e, r| {
        Box::pin(restore::restore(e, r))
    })
    .upload(),
    post("/v1/calculate/{fn}", "a stateless question: regression, recurrence", |_, r| {
        Box::pin(ready(calculate::calculate(r)))
    }),
    get("/v1/commands", "the types of commands", |_, _| Box::pin(ready(Ok(service::commands())))),
    post("/v1/admin/clock", "move a test clock forward: {\"to\": RFC 3339}", |e, r| {
        Box::pin(ready(service::move_clock(e, r)))
    }),
    get("/health/live", "the process answers", |_, _| Box::pin(ready(Ok(service::live())))).always(),
    get("/health/ready", "all partitions have caught up", |e, _| Box::pin(ready(service::ready(e)))).always(),
    get("/metrics", "figures for Prometheus", |e, _| Box::pin(ready(Ok(service::metrics(e))))).always(),
    get("/", "this page", |_, _| Box::pin(ready(Ok(service::index())))),
];

const fn get(pattern: &'static str, about: &'static str, handler: Handler) -> Route {
    Route::new(Method::GET, pattern, about, handler)
}

const fn post(pattern: &'static str, about: &'static str, handler: Handler) -> Route {
    Route::new(Method::POST, pattern, about, handler)
}

const fn put(pattern: &'static str, about: &'static str, handler: Handler) -> Route {
    Route::new(Method::PUT, pattern, about, handler)
}

const fn delete(pattern: &'static str, about: &'static str, handler: Handler) -> Route {
    Route::new(Method::DELETE, pattern, about, handler)
}
