//! The OpenAPI documents of the sample services, generated from the types of their answers.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use tidewatch_contract::http::correlation::CORRELATION_ID;
use tidewatch_contract::http::problem::{PROBLEM_JSON, Problem};
use tidewatch_contract::http::users::{INTERNAL_USER, USER, User};

/// An API whose only operation returns a user.
struct Api {
    service: &'static str,
    path: &'static str,
    /// The statuses of problems, and what each means.
    problems: &'static [(u16, &'static str)],
}

const APIS: [Api; 2] = [
    Api {
        service: "api-gateway",
        path: USER,
        problems: &[
            (400, "The id is not a number."),
            (404, "There is no such user."),
            (429, "There are more requests than the rate limit allows; Retry-After says when to come again."),
            (500, "The user-service failed."),
            (502, "The user-service can't be reached."),
            (503, "There are too many requests at the same time, or the circuit breaker is open; see Retry-After."),
            (504, "The user-service did not answer in time."),
        ],
    },
    Api {
        service: "user-service",
        path: INTERNAL_USER,
        problems: &[(400, "The id is not a number."), (404, "There is no such user.")],
    },
];

/// Returns the file name and text of each document. `cargo xtask generate` writes them to `schemas/`.
pub(crate) fn documents() -> Vec<(String, String)> {
    let text = |api: &Api| serde_json::to_string_pretty(&document(api)).expect("a document is plain JSON");
    APIS.iter().map(|api| (format!("{}.openapi.json", api.service), text(api) + "\n")).collect()
}

fn document(api: &Api) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = settings.into_generator();
    let mut answers = Map::new();
    answers.insert("200".to_owned(), answer::<User>(&mut schemas, "The user.", "application/json"));
    for (status, meaning) in api.problems {
        answers.insert(status.to_string(), answer::<Problem>(&mut schemas, meaning, PROBLEM_JSON));
    }
    let id = json!({
        "name": "id", "in": "path", "required": true, "description": "Number of the user.",
        "schema": {"type": "integer", "minimum": 0},
    });
    let correlation = json!({
        "name": CORRELATION_ID, "in": "header", "required": false,
        "description": "Id of the request in all services and logs; without a valid one, the service makes one.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    });
    json!({
        "openapi": "3.1.0",
        "info": {"title": api.service, "version": env!("CARGO_PKG_VERSION"), "license": {
            "name": "Apache-2.0", "identifier": "Apache-2.0",
        }},
        "paths": {api.path: {"get": {
            "operationId": "user", "summary": "Returns a user.", "parameters": [id, correlation], "responses": answers,
        }}},
        "components": {"schemas": schemas.take_definitions(true)},
    })
}

fn answer<T: JsonSchema>(schemas: &mut SchemaGenerator, description: &str, content: &str) -> Value {
    json!({
        "description": description,
        "headers": {CORRELATION_ID: {"description": "Id of the request.", "schema": {"type": "string"}}},
        "content": {content: {"schema": schemas.subschema_for::<T>()}},
    })
}
