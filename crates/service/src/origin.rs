//! Rejects state-changing requests that a browser sends on behalf of another site.
use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};

/// Makes all routes of `router` answer 403 to requests other than GET, HEAD and OPTIONS that a browser sends for
/// another origin: `Sec-Fetch-Site` is neither `same-origin` nor `none`, or `Origin` doesn't match `Host`. Programs
/// other than browsers send neither header and pass.
pub fn same_origin_only(router: Router) -> Router {
    router.layer(from_fn(refuse_cross_origin))
}

async fn refuse_cross_origin(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || is_same_origin(request.headers()) {
        return next.run(request).await;
    }
    (
        StatusCode::FORBIDDEN,
        "requests from another site's page are refused; send it from this one's or without a browser\n",
    )
        .into_response()
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| site != "same-origin" && site != "none") {
        return false;
    }
    // The scheme is not compared: behind a proxy that terminates TLS the service can't know it.
    let Some(origin) = text(header::ORIGIN) else { return true };
    let origin_host = origin.split_once("://").map(|(_, host)| host);
    origin_host.is_some() && origin_host == text(header::HOST)
}
