//! Ids in paths are replaced, and words are not.
#![allow(clippy::unwrap_used, missing_docs)]

use std::borrow::Cow;

use proptest::prelude::*;
use tidewatch_contract::endpoint::template;

/// Paths and their templates.
const IDS: &str = "
/users/42                                        /users/:id
/users/42/                                       /users/:id/
/users/42/orders/7                               /users/:id/orders/:id
/users/42?page=2                                 /users/:id
/price/19.99                                     /price/:id
/temperature/-5                                  /temperature/:id
/api/v1/things/4,8,15                            /api/v1/things/:id
/users/17:suspend                                /users/:id:suspend
/2015/05/17/a-post                               /:id/:id/:id/a-post
/days/2024-01-02                                 /days/:id
/days/2024-01-02T10:30:00Z                       /days/:id
/days/2024-01-02T10%3A30%3A00%2B02%3A00          /days/:id
/backups/2024-01-02_10-30-00                     /backups/:id
/u/3fa85f64-5717-4562-b3fc-2c963f66afa6          /u/:id
/u/3FA85F64-5717-4562-B3FC-2C963F66AFA6/x        /u/:id/x
/u/{3fa85f64-5717-4562-b3fc-2c963f66afa6}        /u/:id
/u/3fa85f6457174562b3fc2c963f66afa6              /u/:id
/u/urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6 /u/:id
/u/user-3fa85f64-5717-4562-b3fc-2c963f66afa6     /u/:id
/docs/507f1f77bcf86cd799439011                   /docs/:id
/commit/1db0eed9                                 /commit/:id
/blob/0xdeadbeef01                               /blob/:id
/o/01ARZ3NDEKTSV4RRFFQ69G5FAV                    /o/:id
/o/01hx3k9q6m8s2c4v7n5b1d0fgz                    /o/:id
/k/0ujtsYcgvSTl8PAuAdqWYSMnLOv                   /k/:id
/c/cus_KgfrTeUgMV7Hix                            /c/:id
/c/ch_4NnlMrLjdJwIt8jy1toO1C26                   /c/:id
/c/pi_4NnlMrLjdJwIt8jy1toO1C26/confirm           /c/:id/confirm
/o/ord_8f3k                                      /o/:id
/o/ord_8f3kq2z9                                  /o/:id
/o/ORD-000123                                    /o/:id
/o/INV-2024-00017                                /o/:id
/browse/SHOP-417                                 /browse/:id
/o/order-10023                                   /o/:id
/o/user_417                                      /o/:id
/o/order:10023                                   /o/:id
/machines/i-0abcd1234ef567890                    /machines/:id
/machines/vol-049df61146c4d7901                  /machines/:id
/pods/web-5d4f8c7b9-x2x4z                        /pods/:id
/pods/api-7d9c5b6f4-x2x9z/logs                   /pods/:id/logs
/pods/cert-manager-webhook-66bf84c8b-kdqtz       /pods/:id
/pods/backup-28391040-k7x2p                      /pods/:id
/users/jo.roe@example.org                        /users/:id
/users/jo.roe%40example.org                      /users/:id
/users/jo+news@mail.example.org                  /users/:id
/hosts/10.0.17.4                                 /hosts/:id
/hosts/2001:db8::17                              /hosts/:id
/t/eyJhbGciOi.eyJzdWIi.SflKxwRJ                  /t/:id
/v/eRx5x0XhZdR                                   /v/:id
/g/AbCd_Ef-Gh1234567890xyz                       /g/:id
/g/W2TtHYS9_Z6kdIj7C-nzU                         /g/:id
/f/aGVsbG8gd29ybGQxMjM0NQ==                      /f/:id
/f/aGVsbG8gd29ybGQxMjM0NQ%3D%3D                  /f/:id
/s/kq3v9x1b                                      /s/:id
/o/01BXGHZNDEKTSVARRFFQJGMFAV                    /o/:id
/o/ORD_01BXGHZNDEKTSVARRFFQJGMFAV                /o/:id
/blob/sha_deadbeef1                              /blob/:id
/s/1strkqabe2x                                   /s/:id
/o/order-017                                     /o/:id
/o/my-order-100234                               /o/:id
/photos/12345.jpg                                /photos/:id.jpg
/uploads/2024/05/img_1234.jpg                    /uploads/:id/:id/:id.jpg
/uploads/IMG_20240102_101500.jpg                 /uploads/:id.jpg
/static/js/main.8d7f3a2b.chunk.js                /static/js/main.:id.chunk.js
/assets/index-4f9a01c7.css                       /assets/:id.css
GET:/users/42                                    GET:/users/:id
";

/// Paths of real routers, file servers, scanners and RPC, none of which contains an id.
const WORDS: &str = "
/
//double//slash
/a/../b
/api/v1/users /api/v2beta1/users /api/v1alpha1 /apis/apps/v1beta2/namespaces /compute/v1p1beta1/zones
/api/users/me /users/settings /users/settings/two-factor /users/{id} /users/{userId}/orders/:orderId /users/<int:pk>
/v2/orders /v3 /orders/{order_id}:cancel /static/* /2024-report /report-2024 /annual_report_2024 /10-tips /404-page
/healthz /livez /readyz /metrics /favicon.ico /robots.txt /sitemap.xml /.well-known/openid-configuration /.env
/main.css /jquery-1.11.0.min.js /jquery@3.6.0/dist/jquery.min.js /bootstrap4.css /index.html.en /docs/1.11.0/api
/a-very-long-segment-made-of-words-2015 /covid-19 /page-2 /step_3 /top-10 /windows-11 /area-51 /utf-8 /sha-256 /mp3
/facade/decade /deadbeef/ /commit/1db0eed /oauth2/token /oauth2Callback /login/oauth2/code /saml2/acs /s3/bucket-1
/i18n/messages_en /k8s/cluster-eu-west-1 /ipv6-addresses /x509Certificates /base64url /base64Encode /sha256sums
/getUserById2 /getUserByIdAndRole /getAllOrdersByCustomerId /XMLHttpRequest /HTML5Player /iPhone15ProMax /log4j2
/covid19wave2 /http2push /mp3tomp4 /win32api /gpt4turbo /demo-html5 /rtx-3080ti /web3Wallets /area51zone2 /jeep-4x4
/Internationalization2024 /TermsAndConditions2024 /iPhone-15-Pro-Max-256GB /My-Great-Post-2024-Edition
/route-to-room-1234 /my-iphone15-cases /video-h264x265-hd /guide-2-html5 /thedarkestterracenearbeach
/My-Blg-Pst-Nbr-Xyz-Qrs-2
/wp-login.php /wp-content/plugins/akismet /phpMyAdmin-4.9.0 /cgi-bin/luci /actuator/health /solr/admin/info
/@angular/core /@jo /~jo/public_html /%D0%BF%D1%80%D0%B8 /gr%C3%B6%C3%9Fe /größe /日本 /search/a%20b
grpc.health.v1.Health/Check google.cloud.v1p1beta1.Compute/List orders.v2.created overflow not_found *
";

#[test]
fn ids_of_every_kind_become_one_endpoint() {
    let lines = IDS.lines().filter(|line| !line.is_empty());
    let wrong: Vec<_> = lines
        .filter_map(|line| {
            let (path, expected) = line.split_once(' ').unwrap();
            let found = template(path);
            (found != expected.trim()).then(|| format!("{path}: {found}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn words_versions_files_and_routes_stay() {
    let folded: Vec<_> = WORDS.split_whitespace().filter(|path| template(path) != **path).collect();
    assert!(folded.is_empty(), "{folded:#?}");
}

#[test]
fn a_path_without_ids_is_not_copied() {
    assert!(matches!(template("/api/v2/users"), Cow::Borrowed("/api/v2/users")));
}

#[test]
fn only_a_path_has_a_query() {
    assert_eq!(template("/search?q=1"), "/search");
    assert_eq!(template("what is this?"), "what is this?");
    assert_eq!(template(""), "");
}

/// Generates ids with the alphabets and lengths that common libraries use.
fn drawn() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9a-f]{24}",
        "[0-9a-f]{40}",
        "[0-7][0-9A-HJKMNP-TV-Z]{25}",
        "[0-9A-Za-z]{24,32}",
        "[0-9A-Za-z_-]{32,43}"
    ]
}

proptest! {
    #[test]
    fn a_template_is_its_own_template(path in "(/?[ -~]{0,12}){0,6}", more in "\\PC{0,60}") {
        for path in [path, more] {
            let once = template(&path).into_owned();
            prop_assert_eq!(template(&once), once.as_str());
        }
    }

    #[test]
    fn numbers_of_any_size_are_ids(number: u64) {
        let path = format!("/a/{number}/b");
        prop_assert_eq!(template(&path), "/a/:id/b");
    }

    #[test]
    fn words_of_letters_are_never_ids(path in "(/[a-z]{1,20}(-[a-z]{1,20}){0,3}){1,4}") {
        prop_assert_eq!(template(&path), path.as_str());
    }
}

#[test]
fn hardly_a_drawn_id_is_taken_for_a_word() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let drawn = drawn();
    let missed: Vec<_> = (0..10_000)
        .map(|_| proptest::strategy::ValueTree::current(&drawn.new_tree(&mut runner).unwrap()))
        .filter(|id| template(id) != ":id")
        .collect();
    assert!(missed.len() < 50, "{} of 10,000: {:#?}", missed.len(), &missed[..20]);
}

#[test]
fn a_segment_as_long_as_a_record_may_be_takes_no_time_to_speak_of() {
    for word in ["a-", "a_", "ab:", "a.", "1,", "a@", "{", "%41"] {
        let path = format!("/{}x", word.repeat(250_000 / word.len()));
        let start = std::time::Instant::now();
        let _ = template(&path);
        let took = start.elapsed();
        assert!(took < std::time::Duration::from_secs(5), "{word}: {took:?}");
    }
}
