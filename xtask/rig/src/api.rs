//! The admin's REST API as programs use it: logged in, patient where an admin may be away.

use std::fmt;
use std::io;

use serde_json::{Value, json};

use crate::clock::{now_ms, pause_ms};
use crate::http;

/// The user that the admin makes at its first start.
pub const USER: &str = "admin";
/// The user's password; it guards nothing but a temporary folder.
pub const PASSWORD: &str = "correct horse battery staple";
/// How long the admin may take for something that it must do in the end. Generous: a loaded machine is slow and not wrong.
pub const PATIENCE_MS: i64 = 180_000;

/// Why a call brought nothing.
#[derive(Debug)]
pub enum CallProblem {
    /// There was no answer.
    Away(io::Error),
    /// The answer says no.
    Refused(u16, String),
}

impl fmt::Display for CallProblem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(error) => write!(out, "no answer: {error}"),
            Self::Refused(status, text) => write!(out, "answered {status}: {text}"),
        }
    }
}

/// What a login gives: a cookie, and the token against foreign pages.
#[derive(Clone, Debug, Default)]
pub struct Session {
    cookie: String,
    csrf: String,
}

/// A session with the admin, opened anew when it ends.
pub struct Api {
    port: u16,
    session: Option<Session>,
    /// Used for every call; without it each call has a connection of its own, which no restart of the admin disturbs.
    kept: Option<http::Kept>,
    /// Whether an admin that has ended may come back.
    comes_back: bool,
}

impl Api {
    /// For an admin at this loopback port; nothing is called yet.
    #[must_use]
    pub fn new(port: u16) -> Api {
        Api { port, session: None, kept: None, comes_back: true }
    }

    /// The same on a connection that is kept, with a session that was opened already (a login costs the admin a lot).
    #[must_use]
    pub fn kept(port: u16, session: Session) -> Api {
        Api { port, session: Some(session), kept: Some(http::Kept::new(port)), comes_back: true }
    }

    /// The same with an admin that nobody starts again while it is called: when its port is closed, no call is made again.
    #[must_use]
    pub fn of_one_life(self) -> Api {
        Api { comes_back: false, ..self }
    }

    /// The session, opened now where there is none.
    ///
    /// # Errors
    /// When the admin does not let us in.
    pub fn session(&mut self) -> Result<Session, CallProblem> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.log_in()?,
        };
        Ok(self.session.insert(session).clone())
    }

    /// Whether the admin says that it is ready.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        http::call(self.port, http::request("GET", "/readyz", &[], None)).is_ok_and(|answer| answer.status() == 200)
    }

    /// One call.
    ///
    /// # Errors
    /// When there is no answer, or one that is not 2xx.
    pub fn once(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, CallProblem> {
        self.with_key(method, path, body, None)
    }

    /// One call under a key by which the admin recognises that it was made before.
    ///
    /// # Errors
    /// When there is no answer, or one that is not 2xx.
    pub fn with_key(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Value, CallProblem> {
        let session = self.session()?;
        let mut headers = vec![("cookie", session.cookie.as_str()), ("x-csrf-token", session.csrf.as_str())];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let answer = self.exchange(http::request(method, &format!("/api/v1{path}"), &headers, body));
        if matches!(answer, Err(CallProblem::Refused(401, _))) {
            self.session = None;
        }
        Ok(answer?.1)
    }

    /// A call that is made again until it is answered with 2xx, or with a refusal that will stay.
    ///
    /// # Errors
    /// The refusal, or what the last try said when patience ended.
    pub fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let patience_ends = now_ms() + PATIENCE_MS;
        loop {
            let problem = match self.once(method, path, body) {
                Ok(value) => return Ok(value),
                Err(problem) => problem,
            };
            let lasts =
                matches!(problem, CallProblem::Refused(status, _) if status < 500 && status != 401 && status != 429);
            if lasts || self.is_gone(&problem) || now_ms() > patience_ends {
                return Err(format!("{method} {path} was {problem}"));
            }
            pause_ms(200);
        }
    }

    fn is_gone(&self, problem: &CallProblem) -> bool {
        let closed = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        !self.comes_back && matches!(problem, CallProblem::Away(error) if closed(error))
    }

    fn log_in(&mut self) -> Result<Session, CallProblem> {
        let who = json!({ "name": USER, "password": PASSWORD });
        let (headers, said) = self.exchange(http::request("POST", "/api/v1/session", &[], Some(&who)))?;
        let cookie = headers.iter().find(|(name, _)| name == "set-cookie");
        let cookie = cookie.and_then(|(_, value)| value.split(';').next()).unwrap_or_default();
        let csrf = said.get("csrf").and_then(Value::as_str).unwrap_or_default();
        Ok(Session { cookie: cookie.to_owned(), csrf: csrf.to_owned() })
    }

    fn exchange(&mut self, request: http::Message) -> Result<(Vec<(String, String)>, Value), CallProblem> {
        let answer = match &mut self.kept {
            Some(kept) => kept.call(&request),
            None => http::call(self.port, request),
        };
        let answer = answer.map_err(CallProblem::Away)?;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        if !(200..300).contains(&answer.status()) {
            return Err(CallProblem::Refused(answer.status(), text.chars().take(500).collect()));
        }
        Ok((answer.headers, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }
}
