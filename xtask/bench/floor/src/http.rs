//! One HTTP request out and one in: a client thread and a server thread, each with the cheapest HTTP there is here, over
//! kept connections with one request at a time on each.

use std::net::Ipv4Addr;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use hzm_job_bench::figures::Sheet;
use hzm_job_bench::node::client::{Client, write_post};
use hzm_job_bench::node::http;
use hzm_job_bench::node::server::whole_answer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, LocalSet};

use crate::cost::thread_us;
use crate::{Options, text};

/// The answer of an executor of hzm-job's wire.
const YES: &str = r#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#;
/// A trigger of hzm-job's wire.
const TRIGGER: &str = r#"{"logId":9007199254740991,"jobId":100000,"jobName":"bench","jobParams":""}"#;

pub(crate) fn measure(options: &Options, sheet: &mut Sheet) -> Result<(), String> {
    let each = options.requests / options.connections;
    let many = f64::from((each * options.connections).max(1));
    let (send, port) = mpsc::channel();
    let connections = options.connections;
    let server = thread::spawn(move || serve(connections, &send));
    let port = port.recv().map_err(|_| "the server of the floor did not start".to_owned())?;
    let begin = Instant::now();
    let out_us = thread::scope(|scope| joined(scope.spawn(|| call(port, connections, each)).join()))?;
    let seconds = begin.elapsed().as_secs_f64();
    let in_us = joined(server.join())?;
    sheet.add("HTTP request out, CPU", out_us / many, "µs");
    sheet.add("HTTP request in, CPU", in_us / many, "µs");
    sheet.add("HTTP requests", many / seconds, "1/s");
    Ok(())
}

fn joined<T>(ended: thread::Result<Result<T, String>>) -> Result<T, String> {
    ended.map_err(|_| "a thread of the floor panicked".to_owned())?
}

fn runtime() -> Result<Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(text)
}

/// Makes `each` calls on every connection; the processor time of that, in microseconds.
fn call(port: u16, connections: u32, each: u32) -> Result<f64, String> {
    LocalSet::new().block_on(&runtime()?, async move {
        let mut request = Vec::new();
        write_post(&mut request, "/api/job-handle", ("hzm-job-access-token", "a secret"), TRIGGER.as_bytes());
        let before = thread_us()?;
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (mut client, request) = (Client::new(port), request.clone());
            tasks.spawn_local(async move {
                for _ in 0..each {
                    let status = client.call(&request).await.map_err(text)?;
                    if status != 200 {
                        return Err(format!("the server of the floor answered {status}"));
                    }
                }
                Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(text)??;
        }
        Ok(thread_us()? - before)
    })
}

/// Serves so many connections until their clients close them; the processor time of that, in microseconds.
fn serve(connections: u32, port: &mpsc::Sender<u16>) -> Result<f64, String> {
    LocalSet::new().block_on(&runtime()?, async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(text)?;
        port.send(listener.local_addr().map_err(text)?.port()).map_err(text)?;
        let before = thread_us()?;
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (stream, _) = listener.accept().await.map_err(text)?;
            tasks.spawn_local(answer_all(stream));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(text)??;
        }
        Ok(thread_us()? - before)
    })
}

async fn answer_all(mut stream: TcpStream) -> Result<(), String> {
    stream.set_nodelay(true).map_err(text)?;
    let answer = whole_answer(200, YES);
    let mut bytes = Vec::with_capacity(4_096);
    while stream.read_buf(&mut bytes).await.map_err(text)? > 0 {
        let request = http::request(&bytes).map_err(|_| "the client of the floor sent no HTTP".to_owned())?;
        let Some(end) = request.map(|(_, head)| head.end) else { continue };
        bytes.drain(..end);
        stream.write_all(answer.as_bytes()).await.map_err(text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn requests_go_out_and_come_in() {
        let options = Options::parse_from(["floor", "--url", "x", "--requests", "64", "--connections", "4"]);
        let mut sheet = Sheet::default();
        measure(&options, &mut sheet).unwrap();
        assert!(sheet.get("HTTP requests").is_some_and(|rate| rate > 0.0));
    }
}
