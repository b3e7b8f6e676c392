//! Prometheus of AWS: what is signed, and with whose credentials.

use rollouts_providers::testing::{Bench, Reply};
use serde_json::{Value, json};
use std::path::PathBuf;

const ADDRESS: &str = "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/";

fn metric(address: &str, sigv4: Value) -> Value {
    let prometheus = json!({"address": address, "query": "up", "authentication": {"sigv4": sigv4}});
    json!({"name": "m", "provider": {"prometheus": prometheus}})
}

fn one() -> Reply {
    let series = json!([{"metric": {}, "value": [1.5, "1"]}]);
    Reply::json(&json!({"status": "success", "data": {"resultType": "vector", "result": series}}))
}

fn region() -> Value {
    json!({"region": "eu-central-1"})
}

fn bench(replies: impl IntoIterator<Item = Reply>, variables: &[(&str, &str)]) -> Bench {
    // Nothing of whose machine this is.
    let bench = Bench::new(replies).variable("HOME", "/nonexistent");
    variables.iter().fold(bench, |bench, (name, value)| bench.variable(name, value))
}

const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", "sesame")];

fn assumed(id: &str, expiration: &str) -> Reply {
    Reply::ok(format!(
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>\n<AccessKeyId>{id}</AccessKeyId>\
         <SecretAccessKey>k</SecretAccessKey><SessionToken>a+b/c=</SessionToken>\
         <Expiration>{expiration}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ))
}

/// A file of this test alone.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rollouts-sigv4-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("the directory for temporary files is there");
        File(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // One that stays does no harm.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The key that each request was signed with.
fn signers(bench: &Bench) -> Vec<String> {
    let signer = |text: &String| {
        let (_, rest) = text.split_once("Credential=")?;
        Some(rest.split('/').next()?.to_owned())
    };
    bench.http.wire().iter().map(|text| signer(text).unwrap_or_default()).collect()
}

#[tokio::test]
async fn requests_to_aws_are_signed_and_no_others() {
    let bench = bench([one()], &KEY);
    let outcome = bench.measure(metric(ADDRESS, region())).await;
    assert_eq!(outcome.measurement.value, "[1]", "{}", outcome.measurement.message);
    let wire = &bench.http.wire()[0];
    let (head, signature) = wire.split_once("Signature=").expect("it is signed");
    assert_eq!(
        head,
        "POST https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/query\n\
         Content-Type: application/x-www-form-urlencoded\n\
         X-Amz-Date: 20260102T030405Z\n\
         Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-central-1/aps/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, "
    );
    assert_eq!(signature.split_once("\n\n").expect("a body"), (&signature[..64], "query=up&time=1767323045"));

    for (address, sigv4) in [("http://prometheus", region()), (ADDRESS, json!({}))] {
        let bench = self::bench([one()], &KEY);
        bench.measure(metric(address, sigv4)).await;
        assert_eq!(signers(&bench), [""]);
    }
}

#[tokio::test]
async fn what_is_asked_for_again_by_get_is_signed_again() {
    let bench = bench([Reply::status(403, "no"), one()], &KEY);
    assert_eq!(bench.measure(metric(ADDRESS, region())).await.measurement.value, "[1]");
    assert_eq!(signers(&bench), ["AKID", "AKID"]);
    assert!(bench.http.wire()[1].starts_with(
        "GET https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/query?query=up&time=1767323045\n"
    ));
}

#[tokio::test]
async fn the_region_is_looked_for() {
    let sigv4 = json!({"profile": "dev"});
    let outcome = bench([], &KEY).measure(metric(ADDRESS, sigv4.clone())).await;
    let want = "region not configured in sigv4 or in default credentials chain";
    assert_eq!(outcome.measurement.message, want);
    let text = "[dev]\nregion = eu-west-1\naws_access_key_id = DEV\naws_secret_access_key = k\n";
    let file = File::new("region", text);
    let bench = bench([one()], &[("AWS_SHARED_CREDENTIALS_FILE", file.path())]);
    bench.measure(metric(ADDRESS, sigv4)).await;
    assert!(bench.http.wire()[0].contains("Credential=DEV/20260102/eu-west-1/aps/"), "{:?}", bench.http.wire());
}

#[tokio::test]
async fn a_profile_comes_before_the_environment_only_by_name() {
    let file = File::new("profile", "[default]\naws_access_key_id = D\naws_secret_access_key = k\n[dev]\n");
    let shared = [KEY[0], KEY[1], ("AWS_SHARED_CREDENTIALS_FILE", file.path())];
    for (variables, profile, want) in [(&shared[..], "", "AKID"), (&shared[2..], "", "D"), (&shared, "default", "D")] {
        let bench = bench([one()], variables);
        bench.measure(metric(ADDRESS, json!({"region": "r", "profile": profile}))).await;
        assert_eq!(signers(&bench), [want]);
    }
    let outcome = bench([], &shared).measure(metric(ADDRESS, json!({"region": "r", "profile": "dev"}))).await;
    assert_eq!(outcome.measurement.message, "the AWS profile \"dev\" has no credentials");
}

#[tokio::test]
async fn a_role_is_assumed_once_while_its_credentials_hold() {
    let sigv4 = json!({"region": "eu-central-1", "roleArn": "arn:aws:iam::1:role/r"});
    for (expiration, want) in [
        ("2026-01-02T04:04:05Z", ["AKID", "ROLE", "ROLE"].as_slice()),
        ("2026-01-02T03:08:00Z", &["AKID", "ROLE", "AKID", "ROLE"]),
    ] {
        let again = if want.len() == 3 { vec![one()] } else { vec![assumed("ROLE", expiration), one()] };
        let bench = bench([assumed("ROLE", expiration), one()].into_iter().chain(again), &KEY);
        for _ in 0..2 {
            let outcome = bench.measure(metric(ADDRESS, sigv4.clone())).await;
            assert_eq!(outcome.measurement.value, "[1]", "{}", outcome.measurement.message);
        }
        assert_eq!(signers(&bench), want);
        let wire = bench.http.wire();
        assert!(wire[0].starts_with("POST https://sts.eu-central-1.amazonaws.com/\n"), "{}", wire[0]);
        assert!(wire[0].ends_with(
            "\n\nAction=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr\
             &RoleSessionName=argo-rollouts-1767323045000&Version=2011-06-15"
        ));
        assert!(wire[1].contains("X-Amz-Security-Token: a+b/c=\n"));
    }
}

#[tokio::test]
async fn a_pod_has_its_identity_in_a_file() {
    let file = File::new("token", "eyJ.x\n");
    let variables = [
        ("AWS_ROLE_ARN", "arn:r"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.path()),
        ("AWS_ROLE_SESSION_NAME", "pod"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1/sts/"),
    ];
    let bench = bench([assumed("POD", "2026-01-02T04:04:05Z"), one()], &variables);
    bench.measure(metric(ADDRESS, region())).await;
    assert_eq!(signers(&bench), ["", "POD"]);
    assert_eq!(
        bench.http.wire()[0],
        "POST http://127.0.0.1:1/sts/\nContent-Type: application/x-www-form-urlencoded\n\n\
         Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Ar&RoleSessionName=pod&Version=2011-06-15&WebIdentityToken=eyJ.x"
    );
    let error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";
    let bench = self::bench([Reply::status(403, error)], &variables);
    let outcome = bench.measure(metric(ADDRESS, region())).await;
    assert_eq!(outcome.measurement.message, "sts: cannot assume the role: 403 AccessDenied: not you");
}

#[tokio::test]
async fn containers_and_instances_have_a_service() {
    let answer = |id: &str| {
        let expiration = "2026-01-02T04:04:05Z";
        Reply::json(&json!({"AccessKeyId": id, "SecretAccessKey": "k", "Token": "t", "Expiration": expiration}))
    };
    let url = "http://127.0.0.1:1/v1/credentials";
    let file = File::new("container", "secret\n");
    let variables =
        [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path())];
    let bench = bench([answer("ECS"), one()], &variables);
    bench.measure(metric(ADDRESS, region())).await;
    assert_eq!(signers(&bench), ["", "ECS"]);
    assert_eq!(bench.http.wire()[0], format!("GET {url}\nAuthorization: secret\n"));

    let replies = [Reply::ok("token"), Reply::ok("role\n"), answer("EC2"), one()];
    let bench = self::bench(replies, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/")]);
    bench.measure(metric(ADDRESS, region())).await;
    assert_eq!(signers(&bench), ["", "", "", "EC2"]);
    let base = "http://127.0.0.1:1/latest";
    let token = "X-Aws-Ec2-Metadata-Token: token\n";
    assert_eq!(
        bench.http.wire()[..3],
        [
            format!("PUT {base}/api/token\nX-Aws-Ec2-Metadata-Token-Ttl-Seconds: 300\n"),
            format!("GET {base}/meta-data/iam/security-credentials/\n{token}"),
            format!("GET {base}/meta-data/iam/security-credentials/role\n{token}"),
        ]
    );
}

#[tokio::test]
async fn garbage_and_nothing_are_errors() {
    let none = "no AWS credentials: none in the environment, in the shared files, of the pod or of the node";
    let role = json!({"region": "r", "roleArn": "a"});
    let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
    let table: [(_, Vec<Reply>, Vec<_>, &str); 6] = [
        (region(), vec![], vec![], none),
        (region(), vec![], vec![("AWS_EC2_METADATA_DISABLED", "true")], none),
        (region(), vec![Reply::ok(""), Reply::status(404, "")], vec![], none),
        (role, vec![Reply::ok("<html>")], KEY.to_vec(), "sts: the answer has no credentials"),
        (
            region(),
            vec![Reply::ok("{\"SecretAccessKey\": \"k\"}")],
            vec![container],
            "AWS credentials of http://127.0.0.1:1/: not what they should be",
        ),
        (region(), vec![Reply::status(500, "")], vec![container], "AWS credentials of http://127.0.0.1:1/: status 500"),
    ];
    for (sigv4, replies, variables, want) in table {
        let outcome = bench(replies, &variables).measure(metric(ADDRESS, sigv4)).await;
        assert_eq!(outcome.measurement.message, want);
    }
}
