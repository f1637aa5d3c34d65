//! What is left when a process is killed, and when a connection is cut in the middle of an answer.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use hzm_job_protocol::batch::{Answer, Answers, FORM, Results, SPEAKS_HEADER, paths};

use crate::support::{Admin, Heard, executor, executor_in, kept, trigger_all, until};

/// Set for a process that is started to be killed: the admin, and where it keeps its callbacks and tells its address.
const ADMIN: &str = "HZMJOB_TEST_ADMIN";
const FOLDER: &str = "HZMJOB_TEST_FOLDER";

/// A process of its own with an executor in it.
struct Victim(Child);

impl Victim {
    async fn start(admin: &str, folder: &Path) -> (Self, String) {
        let mut this = Command::new(std::env::current_exe().expect("this program"));
        this.args(["--exact", "crash::the_process_that_others_kill", "--nocapture"]);
        this.env(ADMIN, admin).env(FOLDER, folder).stdout(Stdio::null()).stderr(Stdio::null());
        let victim = Self(this.spawn().expect("a process"));
        let told = folder.join("address");
        until("the process", || std::fs::read_to_string(&told).is_ok_and(|address| address.ends_with('\n'))).await;
        (victim, std::fs::read_to_string(told).expect("it is there").trim_end().to_owned())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is ours");
    }
}

/// No test by itself: those below run it in a process of its own, where it lives until it is killed.
#[actix_web::test]
async fn the_process_that_others_kill() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let executor = executor_in(&std::env::var(ADMIN).unwrap(), folder.join("callbacks")).spawn().unwrap();
    std::fs::write(folder.join("address"), format!("{}\n", executor.address())).unwrap();
    std::future::pending::<()>().await;
}

#[actix_web::test]
async fn what_was_kept_and_not_acknowledged_when_the_process_is_killed_is_sent_by_the_next_one() {
    for speaks_batches in [true, false] {
        let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
        if speaks_batches {
            admin.speak_batches();
        }
        // It takes everything, and nobody hears of it.
        admin.answer("/callback", 503, "");
        let (victim, node) = Victim::start(&admin.address, folder.path()).await;
        assert_eq!(trigger_all(&node, 1..=100, "quick").await.0, 200);
        let callbacks = folder.path().join("callbacks");
        until("the log", || kept(&callbacks) == 100).await;
        drop(victim);

        let so_far = admin.callbacks().len();
        admin.accept_all();
        let next = executor_in(&admin.address, callbacks.clone()).spawn().unwrap();
        until("an empty log", || kept(&callbacks) == 0).await;
        let again: Vec<i64> = admin.callbacks().split_off(so_far).iter().map(|callback| callback.log_id).collect();
        assert!((1..=100).all(|run| again.contains(&run)), "{again:?}");
        next.close().await.unwrap();
        assert_eq!(std::fs::read_dir(&callbacks).unwrap().count(), 1, "only the folder of refused ones is left");
    }
}

#[actix_web::test]
async fn what_was_acknowledged_before_the_process_is_killed_is_not_sent_again() {
    let (admin, folder) = (Admin::start().await, tempfile::tempdir().unwrap());
    admin.speak_batches();
    let (victim, node) = Victim::start(&admin.address, folder.path()).await;
    let callbacks = folder.path().join("callbacks");
    trigger_all(&node, 1..=20, "quick").await;
    until("all results", || admin.callbacks().len() >= 20).await;
    until("an empty log", || kept(&callbacks) == 0).await;
    admin.answer("/callback", 503, "");
    trigger_all(&node, [21], "quick").await;
    until("the last one", || kept(&callbacks) == 1).await;
    drop(victim);
    admin.accept_all();
    let _next = executor_in(&admin.address, callbacks.clone()).spawn().unwrap();
    until("an empty log", || kept(&callbacks) == 0).await;
    let times = |run| admin.callbacks().iter().filter(|callback| callback.log_id == run).count();
    assert!((1..=20).all(|run| times(run) == 1) && times(21) >= 1);
}

/// An admin that closes the connection in the middle of its first answer to a batch, having taken all of it.
fn admin_that_cuts() -> (String, Arc<Mutex<Vec<Results>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("it listens"));
    let batches: Arc<Mutex<Vec<Results>>> = Arc::default();
    let taken = Arc::clone(&batches);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, taken) = (connection.expect("a connection"), Arc::clone(&taken));
            std::thread::spawn(move || answer_all(connection, &taken));
        }
    });
    (address, batches)
}

fn answer_all(mut connection: TcpStream, taken: &Mutex<Vec<Results>>) {
    let mut reader = BufReader::new(connection.try_clone().expect("a second hand"));
    while let Some((head, body)) = request(&mut reader) {
        let mut cut = false;
        let answer = if head.contains(paths::RESULTS) {
            let batch: Results = serde_json::from_slice(&body).expect("a batch");
            let answers = batch.results.iter().map(|result| Answer::ok(result.log_id)).collect();
            let mut taken = taken.lock().expect("not poisoned");
            cut = taken.is_empty();
            taken.push(batch);
            serde_json::to_string(&Answers { answers }).expect("JSON")
        } else {
            r#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#.to_owned()
        };
        let head = format!("HTTP/1.1 200 OK\r\n{SPEAKS_HEADER}: {FORM}\r\nContent-Length: {}\r\n\r\n", answer.len());
        let whole = [head, answer].concat();
        let sent = if cut { whole.split_at(whole.len() - 10).0 } else { &whole };
        connection.write_all(sent.as_bytes()).expect("it listens");
        if cut {
            connection.shutdown(std::net::Shutdown::Both).expect("it is open");
            return;
        }
    }
}

/// The head and the body of the next request, until there is none.
fn request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head.to_ascii_lowercase().split_once("content-length: ")?.1.lines().next()?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}

#[actix_web::test]
async fn a_batch_whose_answer_is_cut_in_the_middle_is_sent_again_and_nothing_is_lost() {
    let (address, batches) = admin_that_cuts();
    let folder = tempfile::tempdir().unwrap();
    let registered = Heard::registered();
    let executor = executor(&address, &folder).logger(registered.logger()).spawn().unwrap();
    registered.until(1).await;
    trigger_all(&executor.address(), 1..=200, "quick").await;
    let arrived = || -> Vec<i64> {
        let batches = batches.lock().unwrap();
        batches.iter().flat_map(|batch| &batch.results).map(|result| result.log_id).collect()
    };
    until("all results", || (1..=200).all(|run| arrived().contains(&run))).await;
    until("an empty log", || kept(folder.path()) == 0).await;
    let first: Vec<i64> = batches.lock().unwrap()[0].results.iter().map(|result| result.log_id).collect();
    let times = |run: i64| arrived().iter().filter(|other| **other == run).count();
    assert!((1..=200).all(|run| times(run) == if first.contains(&run) { 2 } else { 1 }));
}
