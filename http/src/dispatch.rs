//! One request's way: guard, route, room, body, handler; to another node if the user is there.

use crate::body::{self, Body, Upload};
use crate::edge::Edge;
use crate::failure::Failure;
use crate::problem::Problem;
use crate::reply::Response;
use crate::request::{Head, Request};
use crate::router::{self, Route};
use crate::routes::ROUTES;
use crate::{forward, guard, websocket};
use bytes::Buf;
use futures::Stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use warp::filters::BoxedFilter;
use warp::http::header::{HeaderMap, ORIGIN};
use warp::http::uri::Authority;
use warp::http::{Method, StatusCode};
use warp::{Filter, Rejection};

/// The whole edge as one warp filter. Routing is a table of our own rather than a chain of filters: a table can be
/// printed, tells a wrong method from a wrong path (`Allow`), and costs no rejection per route tried.
pub(crate) fn filter(edge: Arc<Edge>) -> BoxedFilter<(Response,)> {
    let sockets = websocket::filter(edge.clone());
    let requests = head().and(warp::body::stream()).then(move |head, body| {
        let edge = edge.clone();
        async move { dispatch(&edge, head, body).await }
    });
    sockets.or(requests.boxed()).unify().recover(unreadable).unify().boxed()
}

/// All of a request but its body.
pub(crate) fn head() -> BoxedFilter<(Head,)> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::host::optional())
        .and(warp::header::headers_cloned())
        .map(
            |method: Method,
             path: warp::path::FullPath,
             query,
             host: Option<Authority>,
             headers: HeaderMap| Head {
                method,
                path: path.as_str().to_owned(),
                query,
                host,
                headers,
            },
        )
        .boxed()
}

/// The guard's question about a request.
pub(crate) fn visitor(head: &Head, websocket: bool) -> guard::Visitor<'_> {
    let origin = head.headers.get(ORIGIN).map(warp::http::HeaderValue::as_bytes);
    guard::Visitor { method: &head.method, host: head.host.as_ref(), origin, websocket }
}

async fn dispatch<S, B>(edge: &Edge, head: Head, body: S) -> Response
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    let allowed = edge.guard.check(&visitor(&head, false));
    let found = allowed.and_then(|()| router::find(ROUTES, &head.method, &head.path));
    let (pattern, response) = match found {
        Ok((route, params)) => (route.pattern, answer(edge, route, head, params, body).await),
        Err(problem) => ("none", Err(problem)),
    };
    let response = response.unwrap_or_else(Problem::into_response);
    count(pattern, response.status());
    response
}

async fn answer<S, B>(
    edge: &Edge,
    route: &'static Route,
    head: Head,
    params: router::Params,
    body: S,
) -> Result<Response, Problem>
where
    S: Stream<Item = Result<B, warp::Error>> + Send + 'static,
    B: Buf + 'static,
{
    let permit = edge.in_flight.try_acquire();
    if permit.is_err() && !route.always {
        return Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many requests at once; retry",
        )
        .retry_after(Duration::from_secs(1)));
    }
    let most = if route.file { edge.config.max_file } else { edge.config.max_body };
    let (body, upload) = if route.upload {
        (Body::default(), Upload::new(edge.config.body_timeout, body))
    } else {
        (body::read(edge, &head, body, most).await?, Upload::default())
    };
    let request = Request { head, params, body: body.bytes.clone(), upload };
    match (route.handler)(edge, &request).await {
        Ok(response) => Ok(response),
        Err(Failure::Problem(problem)) => Err(problem),
        Err(Failure::Elsewhere(address)) => forward::forward(edge, &request, &address).await,
    }
}

/// Counts an answered request.
pub(crate) fn count(pattern: &'static str, status: StatusCode) {
    metrics::counter!("centime_http_requests_total", "route" => pattern, "status" => status.as_str().to_owned())
        .increment(1);
}

/// What warp itself could not make sense of.
async fn unreadable(_: Rejection) -> Result<Response, Infallible> {
    let problem = Problem::bad_request("malformed_request", "this is not a request this server can read");
    Ok(problem.into_response())
}
