//! Finds the route of a request.

use crate::edge::Edge;
use crate::problem::Problem;
use crate::reply::Outcome;
use crate::request::Request;
use futures::future::BoxFuture;
use percent_encoding::percent_decode_str;
use warp::http::{Method, StatusCode};

/// What answers a request.
pub(crate) type Handler = for<'a> fn(&'a Edge, &'a Request) -> BoxFuture<'a, Outcome>;

/// One line of the route table.
pub(crate) struct Route {
    /// The method; HEAD goes with GET.
    pub(crate) method: Method,
    /// The path; `{name}` stands for one segment.
    pub(crate) pattern: &'static str,
    /// One line for people.
    pub(crate) about: &'static str,
    /// What answers.
    pub(crate) handler: Handler,
    /// Answered even at capacity: what watches the server must not be shut out by its load.
    pub(crate) always: bool,
    /// Its body may be as long as a file.
    pub(crate) file: bool,
    /// Its handler reads its body as it arrives, however long it is.
    pub(crate) upload: bool,
}

impl Route {
    /// A route under a method.
    pub(crate) const fn new(
        method: Method,
        pattern: &'static str,
        about: &'static str,
        handler: Handler,
    ) -> Self {
        Self { method, pattern, about, handler, always: false, file: false, upload: false }
    }

    /// The same, with a body as long as a file.
    pub(crate) const fn file(mut self) -> Self {
        self.file = true;
        self
    }

    /// The same, reading its body as it arrives.
    pub(crate) const fn upload(mut self) -> Self {
        self.upload = true;
        self
    }

    /// The same, answered even at capacity.
    pub(crate) const fn always(mut self) -> Self {
        self.always = true;
        self
    }
}

/// The decoded values of a pattern's `{name}` segments.
pub(crate) type Params = Vec<(&'static str, String)>;

/// The route for a method and a raw (still encoded) path, or the problem to answer with.
pub(crate) fn find(
    routes: &'static [Route],
    method: &Method,
    path: &str,
) -> Result<(&'static Route, Params), Problem> {
    let wanted = if method == Method::HEAD { &Method::GET } else { method };
    let mut on_path = routes.iter().filter(|route| matches(route.pattern, path)).peekable();
    let Some(first) = on_path.peek().map(|route| route.pattern) else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no_such_path",
            "there is nothing at this path; see GET /",
        ));
    };
    match on_path.find(|route| route.method == wanted) {
        Some(route) => Ok((route, params(route.pattern, path)?)),
        None => Err(wrong_method(routes, first)),
    }
}

fn wrong_method(routes: &[Route], pattern: &str) -> Problem {
    let methods: Vec<_> =
        routes.iter().filter(|route| route.pattern == pattern).map(|route| route.method.as_str()).collect();
    let allowed = methods.join(", ");
    let detail = format!("this path answers to {allowed}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).allow(&allowed)
}

fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() => {}
            (Some(name), Some(value)) if name == value => {}
            _ => return false,
        }
    }
}

/// Segments are split first and decoded then: `%2F` is part of a value, not a separator.
fn params(pattern: &'static str, path: &str) -> Result<Params, Problem> {
    let mut params = Params::new();
    for (name, value) in pattern.split('/').zip(path.split('/')) {
        let Some(name) = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else { continue };
        params.push((
            name,
            decode(value).ok_or_else(|| {
                Problem::bad_request("invalid_path", "this part of the path is not percent-encoded UTF-8")
                    .field(name)
            })?,
        ));
    }
    Ok(params)
}

/// The text behind a percent-encoded segment. Stricter than the usual decoders, which let a stray `%` pass.
fn decode(segment: &str) -> Option<String> {
    let stray = segment
        .split('%')
        .skip(1)
        .any(|rest| rest.len() < 2 || !rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    if stray {
        return None;
    }
    percent_decode_str(segment).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::ROUTES;

    fn found(method: &Method, path: &str) -> Result<(&'static str, Params), u16> {
        match find(ROUTES, method, path) {
            Ok((route, params)) => Ok((route.pattern, params)),
            Err(problem) => Err(problem.into_response().status().as_u16()),
        }
    }

    #[test]
    fn segments_are_decoded_one_by_one() {
        let (pattern, params) = found(&Method::PUT, "/v1/users/ada/budgets/Caf%C3%A9%20%2F%20Bar").unwrap();
        assert_eq!(pattern, "/v1/users/{user}/budgets/{category}");
        assert_eq!(params, [("user", "ada".to_owned()), ("category", "Café / Bar".to_owned())]);
    }

    #[test]
    fn what_is_not_percent_encoded_utf_8_is_said_so() {
        for category in ["100%", "a%zz", "a%4", "%ff"] {
            assert_eq!(
                found(&Method::PUT, &format!("/v1/users/ada/budgets/{category}")),
                Err(400),
                "{category}"
            );
        }
    }

    #[test]
    fn a_plus_is_a_plus() {
        let (_, params) = found(&Method::GET, "/v1/users/ada/transactions/a+b").unwrap();
        assert_eq!(params[1].1, "a+b");
    }

    #[test]
    fn unknown_paths_and_methods_are_told_apart() {
        for path in ["/nothing", "/v1/users//balance", "/v1/users/ada/balance/", "/v1", "//"] {
            assert_eq!(found(&Method::GET, path), Err(404), "{path}");
        }
        let problem = find(ROUTES, &Method::PATCH, "/v1/users/ada/transactions/1").err().unwrap();
        let response = problem.into_response();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], "GET, PUT, DELETE");
    }

    #[test]
    fn head_goes_with_get() {
        assert!(found(&Method::HEAD, "/v1/users/ada/balance").is_ok());
    }
}
