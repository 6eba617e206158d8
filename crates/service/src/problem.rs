//! Answers that report a problem (RFC 9457).
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tidewatch_contract::http::problem::{PROBLEM_JSON, Problem};

/// Returns an answer with this status, whose body explains it in one sentence.
pub fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    let body = Problem::new(status.as_u16(), status.canonical_reason().unwrap_or("Error"), detail);
    let json = serde_json::to_string(&body).expect("a problem has only strings and numbers");
    (status, [(header::CONTENT_TYPE, PROBLEM_JSON)], json).into_response()
}
