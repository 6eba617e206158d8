//! The API.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tidewatch_client::{Error, Reason, UserService};
use tidewatch_contract::http::users::USER;
use tidewatch_service::problem;

use crate::admission::later;
use crate::breaker::Breaker;
use crate::metrics::{Failure, Metrics, Rejection};

/// What the routes need.
#[derive(Debug)]
pub(crate) struct Gateway {
    users: UserService,
    breaker: Breaker,
    metrics: Metrics,
}

impl Gateway {
    pub(crate) fn new(users: UserService, breaker: Breaker, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self { users, breaker, metrics })
    }
}

pub(crate) fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new().route(USER, get(user)).with_state(gateway)
}

async fn user(State(gateway): State<Arc<Gateway>>, Path(id): Path<String>) -> Response {
    gateway.metrics.requests.inc();
    let Ok(id) = id.parse::<u64>() else {
        return problem(StatusCode::BAD_REQUEST, "the id of a user is a number, such as 123");
    };
    let permit = match gateway.breaker.permit() {
        Ok(permit) => permit,
        Err(wait) => {
            gateway.metrics.reject(Rejection::Breaker);
            return later(StatusCode::SERVICE_UNAVAILABLE, wait, "the user-service is failing, so it is not asked");
        }
    };
    match gateway.users.user(id).await {
        Ok(user) => {
            permit.settle(false);
            Json(user).into_response()
        }
        Err(error) => {
            let (answer, failure) = refused(&error);
            permit.settle(failure.is_some());
            if let Some(failure) = failure {
                gateway.metrics.fail(failure);
                tracing::warn!("{error}");
            }
            answer
        }
    }
}

/// Returns the answer to a request that the user-service didn't answer with a user, and whether that is its failure.
fn refused(error: &Error) -> (Response, Option<Failure>) {
    match error.reason() {
        // The status is passed on; a client error is not a failure of the service.
        Reason::Status { status, said } => {
            (problem(*status, said), status.is_server_error().then_some(Failure::Status))
        }
        Reason::Timeout(_) => {
            let said = "the user-service did not answer in time";
            (problem(StatusCode::GATEWAY_TIMEOUT, said), Some(Failure::Timeout))
        }
        _ => (problem(StatusCode::BAD_GATEWAY, "the user-service can't be reached"), Some(Failure::Unreachable)),
    }
}
