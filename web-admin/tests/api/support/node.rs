//! A node that accepts every trigger, remembers it, and reports nothing by itself.

use super::{Admin, Answer, send};
use actix_web::http::Method;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use hzm_job_protocol::hzm::{Envelope, JobHandle, TOKEN_HEADER};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The triggers that arrived.
type Triggers = Arc<Mutex<Vec<JobHandle>>>;

/// See the module.
pub(crate) struct Node {
    pub(crate) address: String,
    triggers: Triggers,
    secrets: Arc<Mutex<Vec<String>>>,
    admin: String,
    app_key: String,
    secret: String,
}

impl Node {
    /// Starts a node and registers it.
    pub(crate) async fn register(admin: &Admin, app_key: &str, secret: &str) -> Node {
        let triggers = Triggers::default();
        let secrets: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, brought) = (Arc::clone(&triggers), Arc::clone(&secrets));
        let server = HttpServer::new(move || {
            let (seen, brought) = (Arc::clone(&seen), Arc::clone(&brought));
            let take = move |request: HttpRequest, call: web::Json<JobHandle>| {
                let token = request.headers().get(TOKEN_HEADER).and_then(|token| token.to_str().ok());
                brought.lock().unwrap().push(token.unwrap_or_default().to_owned());
                seen.lock().unwrap().push(call.into_inner());
                async { HttpResponse::Ok().json(Envelope::ok(true)) }
            };
            App::new()
                .route("/api/job-handle", web::post().to(take))
                .default_service(web::to(|| async { HttpResponse::Ok().json(Envelope::ok(true)) }))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", server.addrs().first().unwrap());
        actix_rt::spawn(server.run());
        let (app_key, secret) = (app_key.to_owned(), secret.to_owned());
        let node = Node { address, triggers, secrets, admin: admin.base(), app_key, secret };
        let answer = node.call("/api/admin/registry", json!({ "executorAddress": node.address })).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        node
    }

    /// Waits until so many triggers have arrived.
    pub(crate) async fn triggers(&self, many: usize) -> Vec<JobHandle> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let seen = self.triggers.lock().unwrap().clone();
            if seen.len() >= many {
                return seen;
            }
            assert!(tokio::time::Instant::now() < deadline, "only {} of {many} triggers arrived", seen.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The secrets that its triggers brought.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().clone()
    }

    /// Reports the end of a run.
    pub(crate) async fn report(&self, run: i64, code: i32, message: &str) -> Answer {
        self.call("/api/admin/callback", json!({ "logId": run, "handlerCode": code, "handlerMsg": message })).await
    }

    /// A call to the admin with the node's own key and secret.
    pub(crate) async fn call(&self, path: &str, mut body: Value) -> Answer {
        body["appKey"] = json!(self.app_key);
        let headers = [("Content-Type", "application/json"), (TOKEN_HEADER, self.secret.as_str())];
        send(Method::POST, &format!("{}{path}", self.admin), &headers, Some(body.to_string().into_bytes())).await
    }
}
