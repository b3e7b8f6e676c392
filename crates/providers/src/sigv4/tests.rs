//! AWS's own test suite (`aws-sig-v4-test-suite`) and the example of its documentation.

use super::*;
use std::time::Duration;

fn signed(method: &str, url: &str, headers: &[(&str, &str)], body: &str, service: &str) -> Request {
    let mut request = Request::new(method, url, Duration::from_secs(1));
    for (name, value) in headers {
        request.headers.push(((*name).to_owned(), (*value).to_owned()));
    }
    if !body.is_empty() {
        request = request.body(body);
    }
    let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    let now = "2015-08-30T12:36:00Z".parse().expect("a time");
    sign(&mut request, &credentials, Scope { service, region: "us-east-1" }, now);
    request
}

fn authorization(request: &Request) -> &str {
    let header = request.headers.iter().find(|(name, _)| name == "Authorization");
    header.map(|(_, value)| value.as_str()).expect("it is signed")
}

#[test]
fn the_suite() {
    let get = |path: &str| (format!("http://example.amazonaws.com{path}"), "GET", &[][..], "");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let url = || "http://example.amazonaws.com/".to_owned();
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let table = [
        (get("/"), "host;x-amz-date", vanilla),
        (get("/./"), "host;x-amz-date", vanilla),
        (get("//"), "host;x-amz-date", vanilla),
        (get("/example/.."), "host;x-amz-date", vanilla),
        (
            get("/?Param2=value2&Param1=value1"),
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            (url(), "POST", &[][..], ""),
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            (format!("{}?Param1=value1", url()), "POST", &[][..], ""),
            "host;x-amz-date",
            "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
        ),
        (
            (url(), "POST", &form[..], "Param1=value1"),
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    for ((url, method, headers, body), names, signature) in table {
        let request = signed(method, &url, headers, body, "service");
        let want = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={names}, Signature={signature}"
        );
        assert_eq!(authorization(&request), want, "{method} {url}");
    }
}

#[test]
fn the_example_of_the_documentation() {
    let url = "https://iam.amazonaws.com:443/?Action=ListUsers&Version=2010-05-08";
    let headers = [("Content-Type", " application/x-www-form-urlencoded;  charset=utf-8 "), ("User-Agent", "any")];
    let request = signed("GET", url, &headers, "", "iam");
    let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    assert!(authorization(&request).ends_with(signature), "{request:?}");
}

#[test]
fn the_query_is_sent_as_it_is_signed() {
    let url = "http://h/a%20b?query=up+%2B+1&a&time=1.5";
    let request = signed("GET", url, &[("Authorization", "Basic x")], "", "aps");
    assert_eq!(request.url, "http://h/a%20b?a=&query=up%20%2B%201&time=1.5");
    assert_eq!(request.headers.iter().filter(|(name, _)| name == "Authorization").count(), 1);
    assert_eq!(canonical_path("/a%20b/c~/"), "/a%2520b/c~/");
    assert_eq!(canonical_path(""), "/");
}

#[test]
fn a_session_has_a_token() {
    let mut request = Request::new("GET", "http://h/", Duration::from_secs(1));
    let credentials = Credentials { session_token: Some("t".to_owned()), ..Credentials::new("id", "key") };
    sign(&mut request, &credentials, Scope { service: "aps", region: "r" }, Timestamp::UNIX_EPOCH);
    assert!(format!("{request:?}").contains("X-Amz-Date: 19700101T000000Z\nX-Amz-Security-Token: t\n"));
    assert!(authorization(&request).contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"));
    assert!(!format!("{credentials:?}").contains("key"), "{credentials:?}");
}
