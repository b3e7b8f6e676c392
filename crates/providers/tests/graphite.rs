//! The provider `graphite` against Debian's graphite-web; skipped where that is not installed.

use rollouts_providers::Providers;
use rollouts_providers::client::NetworkHttp;
use rollouts_providers::testing::Bench;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Debian's own interpreter: others do not see its packages.
const PYTHON: &str = "/usr/bin/python3";

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

/// A server in a directory of its own; both end with this.
struct Server {
    process: Child,
    directory: std::path::PathBuf,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself needs no end, and a directory that stays does no harm.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn python(directory: &Path) -> Command {
    let mut python = Command::new(PYTHON);
    python.current_dir(directory).stdout(Stdio::null()).stderr(Stdio::null());
    python
}

impl Server {
    /// `None` where there is no graphite-web.
    fn start() -> Option<Self> {
        if !Path::new("/usr/bin/graphite-manage").exists() {
            return None;
        }
        let directory = std::env::temp_dir().join(format!("rollouts-graphite-{}", std::process::id()));
        std::fs::create_dir_all(&directory).expect("the directory for temporary files is there");
        std::fs::write(directory.join("rollouts_test_settings.py"), SETTINGS).expect("a file");
        assert!(python(&directory).args(["-c", DATA]).status().expect("Python").success());
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let host = format!("127.0.0.1:{port}");
        let process = python(&directory)
            .env("PYTHONPATH", &directory)
            .env("DJANGO_SETTINGS_MODULE", "rollouts_test_settings")
            .args(["-m", "django", "runserver", "--noreload", &host])
            .spawn()
            .expect("Python");
        Some(Server { process, directory, address: format!("http://{host}") })
    }
}

#[tokio::test]
async fn a_real_server() {
    let Some(server) = Server::start() else {
        eprintln!("skipped: graphite-web is not installed");
        return;
    };
    let bench = Bench::new([]);
    let mut tools = bench.providers.tools().clone();
    tools.http = Arc::new(NetworkHttp::new());
    let bench = Bench { providers: Providers::new(tools), ..bench };
    let metric = |query: &str| -> Value {
        json!({"name": "m", "successCondition": "max(result) == 1.5",
            "provider": {"graphite": {"address": server.address, "query": query}}})
    };
    let mut measurement = bench.measure(metric("target=scale(app.up, 2)&from=-10min")).await.measurement;
    // The server needs a while to listen.
    for _ in 0..300 {
        if !measurement.message.contains("refused") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        measurement = bench.measure(metric("target=scale(app.up, 2)&from=-10min")).await.measurement;
    }
    assert_eq!((measurement.message.as_str(), measurement.value.as_str()), ("", "[1.500000,1.000000,0.500000]"));
    assert_eq!(measurement.phase, "Successful");
    let quoted = bench.measure(metric("target=alias(app.up, 'two words')&from=-10min")).await.measurement;
    assert_eq!((quoted.phase.as_str(), quoted.value.as_str()), ("Failed", "[0.750000,0.500000,0.250000]"));
    let none = bench.measure(metric("target=app.none&from=-10min")).await.measurement;
    assert_eq!((none.phase.as_str(), none.message.as_str()), ("Error", "no values found"));
}
