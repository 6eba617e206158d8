//! The API.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tidewatch_contract::http::users::INTERNAL_USER;
use tidewatch_service::problem;

use crate::metrics::Metrics;
use crate::table;

pub(crate) fn routes(metrics: Metrics) -> Router {
    Router::new().route(INTERNAL_USER, get(user)).with_state(metrics)
}

async fn user(State(metrics): State<Metrics>, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<u64>() else {
        return problem(StatusCode::BAD_REQUEST, "the id of a user is a number, such as 123");
    };
    let found = tracing::info_span!("look_up_user", db.operation.name = "SELECT", db.collection.name = "users")
        .in_scope(|| table::find(id));
    metrics.looked_up(found.is_some());
    match found {
        Some(user) => Json(user).into_response(),
        None => problem(StatusCode::NOT_FOUND, format!("there is no user {id}")),
    }
}
