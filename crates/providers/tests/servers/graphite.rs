//! The provider `graphite` against graphite-web.

use crate::{bench, or_skip, said, until};
use rollouts_testing::servers::{Directory, Server, debian};
use serde_json::{Value, json};
use std::path::Path;

/// Debian's own interpreter: its packages are made for no other.
const PYTHON: &str = "/usr/bin/python3";

/// The server and the libraries that it asks for.
const PACKAGES: [&str; 12] = [
    "graphite-web",
    "python3-asgiref",
    "python3-django",
    "python3-django-tagging",
    "python3-pyparsing",
    "python3-simplejson",
    "python3-six",
    "python3-sqlparse",
    "python3-typing-extensions",
    "python3-tz",
    "python3-urllib3",
    "python3-whisper",
];

/// Settings of a server that has its data beside them.
const SETTINGS: &str = r#"
import os
from graphite.settings import *
HERE = os.path.dirname(os.path.abspath(__file__))
SECRET_KEY = "test"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
WHISPER_DIR = os.path.join(HERE, "whisper")
STANDARD_DIRS = [WHISPER_DIR]
CARBONLINK_HOSTS = []
LOG_DIR = HERE
INDEX_FILE = os.path.join(HERE, "index")
"#;

/// Writes the last three minutes of `app.up`: 0.75, 0.5, 0.25.
const DATA: &str = r#"
import os, time, whisper
os.makedirs("whisper/app")
now = int(time.time())
whisper.create("whisper/app/up.wsp", [(60, 60)])
whisper.update_many("whisper/app/up.wsp", [(now - 60 * i, 0.25 * i) for i in range(1, 4)])
"#;

fn start() -> Result<Server, String> {
    if !Path::new(PYTHON).exists() {
        return Err(format!("there is no {PYTHON}"));
    }
    let libraries = debian::unpacked("graphite", &PACKAGES)?.join("usr/lib/python3/dist-packages");
    let directory = Directory::new("graphite");
    directory.write("rollouts_test_settings.py", SETTINGS);
    // Nobody draws pictures here, and the library that could do so needs many others.
    directory.write("cairocffi.py", "");
    let paths = std::env::join_paths([directory.path(), &libraries]).expect("no colon in them");
    let data = directory.command(PYTHON).env("PYTHONPATH", &paths).args(["-c", DATA]).status();
    assert!(data.expect("Python").success());
    Ok(Server::start(directory, |directory, address| {
        let mut python = directory.command(PYTHON);
        python.env("PYTHONPATH", &paths).env("DJANGO_SETTINGS_MODULE", "rollouts_test_settings");
        python.args(["-m", "django", "runserver", "--noreload", &address.to_string()]);
        python
    }))
}

#[tokio::test]
async fn a_real_graphite() {
    let Some(server) = or_skip(start()) else { return };
    let bench = bench();
    let metric = |query: &str| -> Value {
        json!({"name": "m", "successCondition": "max(result) == 1.5",
            "provider": {"graphite": {"address": format!("http://{}", server.address), "query": query}}})
    };
    until(&bench, metric("target=scale(app.up, 2)&from=-10min"), "Successful [1.500000,1.000000,0.500000]").await;
    let quoted = metric("target=alias(app.up, 'two words')&from=-10min");
    assert_eq!(said(&bench, quoted).await, "Failed [0.750000,0.500000,0.250000]");
    assert_eq!(said(&bench, metric("target=app.none&from=-10min")).await, "Error no values found");
}
