//! Problems: every "no" of the edge is an RFC 9457 document with a stable `code`.

use crate::reply::{self, Response};
use centime_domain::{CommandId, Refusal};
use centime_engine::Position;
use serde::Serialize;
use std::borrow::Cow;
use std::time::Duration;
use warp::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use warp::http::{HeaderName, StatusCode};

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: Cow<'static, str>,
    field: Option<Cow<'static, str>>,
    /// Of a file, from 1.
    line: Option<u64>,
    /// For a refused command: its id and where the refusal stands.
    decided: Option<Box<(CommandId, Position)>>,
    /// One more header: `Retry-After`, `Allow`, …
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

/// The document as it is sent.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: String,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a CommandId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<String>,
}

impl Problem {
    /// A problem with nothing but the essentials.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            detail: detail.into(),
            field: None,
            line: None,
            decided: None,
            header: None,
        }
    }

    /// The request itself is wrong (400).
    pub(crate) fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// A domain refusal under the given status.
    pub(crate) fn refusal(status: StatusCode, refusal: Refusal) -> Self {
        Self { field: refusal.field, ..Self::new(status, refusal.code, refusal.text) }
    }

    /// Names the part of the request at fault.
    pub(crate) fn field(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// What a file is refused for (422), by its line.
    pub(crate) fn at_line(line: u64, refusal: Refusal) -> Self {
        let text = format!("line {line}: {}", refusal.text).into();
        let problem = Self::refusal(StatusCode::UNPROCESSABLE_ENTITY, Refusal { text, ..refusal });
        Self { line: Some(line), ..problem }
    }

    /// Adds the refused command's id and position.
    pub(crate) fn decided(self, id: CommandId, position: Position) -> Self {
        Self { decided: Some(Box::new((id, position))), ..self }
    }

    /// Says when to try again: whole seconds, at least one.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
    }

    /// Says which methods the path knows.
    pub(crate) fn allow(self, methods: &str) -> Self {
        match HeaderValue::from_str(methods) {
            Ok(value) => self.header(ALLOW, value),
            Err(_) => self,
        }
    }

    /// Adds the one extra header.
    pub(crate) fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        Self { header: Some(Box::new((name, value))), ..self }
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// The HTTP response.
    pub(crate) fn into_response(self) -> Response {
        let document = Document {
            kind: format!("urn:centime:problem:{}", self.code),
            title: self.code.replace('_', " "),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            field: self.field.as_deref(),
            line: self.line,
            id: self.decided.as_deref().map(|(id, _)| id),
            position: self.decided.as_deref().map(|(_, position)| position.to_string()),
        };
        let mut response = reply::json(self.status, &document);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some((_, position)) = self.decided.as_deref() {
            reply::set_position(headers, *position);
        }
        if let Some(extra) = self.header {
            headers.insert(extra.0, extra.1);
        }
        response
    }
}
