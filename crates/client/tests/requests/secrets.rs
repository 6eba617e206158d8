//! The secrets in an address are used, and never shown.

use tidewatch_client::{Client, HttpUrl, Webhook};
use tidewatch_contract::http::alertmanager;

use crate::peer::{LIMIT, Peer};

/// Returns the peer's address with a user name and a password.
fn secret(peer: &Peer) -> HttpUrl {
    peer.url.to_string().replace("http://", "http://me:secret@").parse().unwrap()
}

#[tokio::test]
async fn credentials_are_sent_and_not_shown_in_errors() {
    let peer = Peer::answering("500 Internal Server Error", "", "").await;
    let client = Client::new("console", secret(&peer), LIMIT).unwrap();
    let error = client.probe("/secret").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("request to console at {} failed: it answered 500 Internal Server Error", peer.url)
    );
    assert!(!format!("{error:?} {client:?}").contains("secret"));
    // me:secret
    assert!(peer.requests()[0].to_lowercase().contains("authorization: basic bwu6c2vjcmv0"), "{:?}", peer.requests());
}

#[tokio::test]
async fn a_webhook_is_asked_at_exactly_its_address() {
    let peer = Peer::answering("200 OK", "", "ok").await;
    let url = format!("{}/services/T0/secret/?token=secret", peer.url).parse().unwrap();
    let body: alertmanager::Webhook = serde_json::from_str(r#"{"version": "4", "alerts": []}"#).unwrap();
    Webhook::new(url, LIMIT).unwrap().post(&body).await.unwrap();
    assert_eq!(peer.last().0, "POST /services/T0/secret/?token=secret HTTP/1.1");
}
