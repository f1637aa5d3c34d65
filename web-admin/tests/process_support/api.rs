//! The REST API as a program uses it: logged in, in JSON.

use awc::Client;
use awc::http::Method;
use awc::http::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::admin::{PASSWORD, ProcessAdmin, USER};

/// A session with an admin.
pub(crate) struct ProcessApi {
    client: Client,
    base: String,
    /// Name and value, as they are sent back.
    cookie: String,
    csrf: String,
}

impl ProcessApi {
    /// Logs in.
    pub(crate) async fn log_in(admin: &ProcessAdmin) -> ProcessApi {
        let (client, base) = (Client::default(), format!("{}/api/v1", admin.address()));
        let request = client.post(format!("{base}/session"));
        let mut answer = request.send_json(&json!({ "name": USER, "password": PASSWORD })).await.unwrap();
        assert!(answer.status().is_success(), "logging in was answered {}", answer.status());
        let cookie = answer.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let said: Value = answer.json().await.unwrap();
        let csrf = said["csrf"].as_str().unwrap().to_owned();
        ProcessApi { client, base, cookie, csrf }
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, &Value::Null).await
    }

    /// Changes.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, &body).await
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.client.request(method.clone(), format!("{}{path}", self.base));
        let request =
            request.insert_header((COOKIE, self.cookie.as_str())).insert_header(("X-CSRF-Token", self.csrf.as_str()));
        let sent = if body.is_null() { request.send().await } else { request.send_json(body).await };
        let mut answer = sent.unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let text = String::from_utf8_lossy(&answer.body().await.unwrap()).into_owned();
        assert!(answer.status().is_success(), "{method} {path} with {body} was answered {}: {text}", answer.status());
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
    }
}
