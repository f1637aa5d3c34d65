//! `/overview` and `/events`.

use crate::support::Admin;
use actix_web::http::Method;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

#[actix_web::test]
async fn the_overview_has_figures_and_fifteen_days() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    client.executor("billing", None).await;
    let overview = client.until("/api/v1/overview", |overview| overview["figures"]["executors"] == 1).await;
    assert_eq!(overview["trend"].as_array().unwrap().len(), 15);
    let three = client.get("/api/v1/overview?days=3&zone=Asia/Shanghai").await.json();
    assert_eq!(three["trend"].as_array().unwrap().len(), 3);
    for query in ["days=0", "days=91", "zone=Mars", "day=3"] {
        client.get(&format!("/api/v1/overview?{query}")).await.problem(400);
    }
}

#[actix_web::test]
async fn live_figures_arrive_at_once_and_with_each_change_until_the_server_stops() {
    let admin = Admin::start().await;
    let client = admin.client().await;
    let login = admin.login("admin", crate::support::PASSWORD).await;
    let http = awc::Client::builder().disable_timeout().finish();
    let request = http.get(format!("{}/api/v1/events", admin.base())).insert_header(("Cookie", login.cookie.unwrap()));
    let request = request.insert_header(("Accept-Encoding", "gzip"));
    let mut stream = request.send().await.unwrap();
    assert_eq!(stream.headers().get("content-type").unwrap(), "text/event-stream");
    let mut heard = String::new();
    next_figures(&mut stream, &mut heard, |figures| figures["jobs"] == 0).await;
    client.job(client.executor("billing", None).await).await;
    next_figures(&mut stream, &mut heard, |figures| figures["jobs"] == 1).await;
    admin.running.stop().await;
    let rest = tokio::time::timeout(Duration::from_secs(10), async { while stream.next().await.is_some() {} }).await;
    assert!(rest.is_ok(), "the stream ends with the server");
}

async fn next_figures<S, E>(stream: &mut S, heard: &mut String, wished: impl Fn(&Value) -> bool)
where
    S: StreamExt<Item = Result<actix_web::web::Bytes, E>> + Unpin,
    E: std::fmt::Debug,
{
    let found = async {
        loop {
            while let Some((event, rest)) = heard.split_once("\n\n") {
                let figures = event.strip_prefix("data: ").map(|data| serde_json::from_str::<Value>(data).unwrap());
                *heard = rest.to_owned();
                if figures.is_some_and(|figures| wished(&figures)) {
                    return;
                }
            }
            let bytes = stream.next().await.expect("the stream goes on").unwrap();
            heard.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    };
    tokio::time::timeout(Duration::from_secs(30), found).await.expect("figures as wished");
}

#[actix_web::test]
async fn a_stream_ends_with_the_rights_it_was_begun_with() {
    let admin = Admin::start().await;
    let root = admin.client().await;
    let executor = root.executor("billing", None).await;
    admin.user(&root, "ann", "viewer", Value::Null).await;
    let login = admin.login("ann", crate::support::PASSWORD).await;
    let http = awc::Client::builder().disable_timeout().finish();
    let request = http.get(format!("{}/api/v1/events", admin.base())).insert_header(("Cookie", login.cookie.unwrap()));
    let mut stream = request.send().await.unwrap();
    let mut heard = String::new();
    next_figures(&mut stream, &mut heard, |figures| figures["jobs"] == 0).await;
    let users = root.get("/api/v1/users").await.json();
    let ann = users["items"].as_array().unwrap().iter().find(|user| user["name"] == "ann").unwrap().clone();
    let less = json!({ "version": ann["version"], "name": "ann", "role": "viewer", "executors": [executor], "disabled": false });
    let changed = root.put(&format!("/api/v1/users/{}", ann["id"]), less).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    // Long before the next comment, which comes fifteen seconds after the last one.
    let rest = tokio::time::timeout(Duration::from_secs(8), async { while stream.next().await.is_some() {} }).await;
    assert!(rest.is_ok(), "the stream ends with the rights");
}

#[actix_web::test]
async fn a_stream_needs_a_session() {
    let admin = Admin::start().await;
    admin.stranger(Method::GET, "/api/v1/events", Some(json!({}))).await.problem(401);
}
