//! Bearer tokens that lie in a file, which somebody renews.
//!
//! kube reads such files itself, but takes the newline at their end for a part of the token.

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

/// How long a token is used before the file is read again.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// A file with a token.
#[derive(Clone)]
pub(super) struct TokenFile {
    path: PathBuf,
    header: HeaderValue,
    read_at: Instant,
}

impl TokenFile {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or holds no token; in words.
    pub(super) fn open(path: &Path) -> Result<TokenFile, String> {
        Ok(TokenFile { path: path.to_owned(), header: read(path)?, read_at: Instant::now() })
    }

    /// The header of a request. A file that has become unreadable leaves the last token in use.
    fn header(&mut self) -> HeaderValue {
        if self.read_at.elapsed() >= READ_AGAIN_AFTER {
            self.read_at = Instant::now();
            match read(&self.path) {
                Ok(header) => self.header = header,
                Err(problem) => tracing::warn!("{problem}; the last token stays in use"),
            }
        }
        self.header.clone()
    }
}

fn read(path: &Path) -> Result<HeaderValue, String> {
    let problem = |why: String| format!("token file {}: {why}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| problem(e.to_string()))?;
    if text.trim().is_empty() {
        return Err(problem("it is empty".into()));
    }
    let mut header = HeaderValue::try_from(format!("Bearer {}", text.trim())).map_err(|e| problem(e.to_string()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// Adds the token, if there is one, to requests.
pub(super) fn layer<B>(
    mut file: Option<TokenFile>,
) -> MapRequestLayer<impl FnMut(Request<B>) -> Request<B> + Clone + use<B>> {
    MapRequestLayer::new(move |mut request: Request<B>| {
        if let Some(file) = &mut file {
            request.headers_mut().insert(AUTHORIZATION, file.header());
        }
        request
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_renewed_token_is_used_after_a_minute() {
        let path = std::env::temp_dir().join(format!("rollouts-token-{}", std::process::id()));
        std::fs::write(&path, "first\n").expect("a temporary file");
        let mut file = TokenFile::open(&path).expect("a token");
        std::fs::write(&path, " second \n").expect("a temporary file");
        assert_eq!(file.header(), "Bearer first");
        tokio::time::advance(READ_AGAIN_AFTER).await;
        assert_eq!(file.header(), "Bearer second");
        std::fs::write(&path, "").expect("a temporary file");
        tokio::time::advance(READ_AGAIN_AFTER).await;
        assert_eq!(file.header(), "Bearer second", "the last one that there was");
        std::fs::remove_file(&path).expect("the file");
        let error = TokenFile::open(&path).map(drop).expect_err("no file");
        assert!(error.starts_with(&format!("token file {}: No such file", path.display())), "{error}");
    }
}
