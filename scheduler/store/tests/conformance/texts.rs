//! Texts from outside: long ones, strange ones, and the one character that not every database has.

use crate::support::{World, at, by, change, due, executor, key, on_each_database, opened, registered};
use hzm_job_scheduler::JobId;
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_store::ledger::{Answer, Entry, Known, NewRun, RunChange};
use hzm_job_store::node::NodeHello;
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};

const JOB: JobId = JobId(7);

/// Quotes of all kinds, what JSON and SQL escape, four-byte characters, all control characters but one.
fn strange() -> String {
    let controls: String = (1_u8..32).map(char::from).collect();
    format!("'\"`\\ \\u0041 \\0 % _ ? $1 :x /* -- ; 月报 😀 e\u{301} \u{2028} \u{fffd}\u{10ffff} {controls} ")
}

/// Opens a row with this text wherever a row takes one, ends it with the same text, and reads it back.
async fn round_trip(world: &World, millis: i64, text: &str) -> Run {
    let some = || Some(text.to_owned());
    let new = NewRun { parameters: some(), requested_by: Some("ann".into()), message: some(), ..due(JOB, millis) };
    let id = opened(world.open(new).await);
    let read = world.store.run_get(id).await.unwrap().unwrap();
    assert_eq!(read.message, read.parameters);
    let known = Known { node: Some("http://a:1".into()), message: some(), ..Known::default() };
    let ends = RunChange { known, ..change(id, RunState::Waiting, RunState::Failed, 9) };
    assert_eq!(world.change(ends).await, Answer::Changed { then: None });
    let ended = world.store.run_get(id).await.unwrap().unwrap();
    assert_eq!(ended.message, read.message);
    ended
}

#[test]
fn texts_are_read_back_as_they_were_written_whatever_is_in_them() {
    on_each_database(async |world| {
        let long = "月".repeat(65_536);
        for (millis, text) in [strange(), long, "\"\n".repeat(40_000), String::new()].into_iter().enumerate() {
            let run = round_trip(&world, millis as i64, &text).await;
            assert!(run.parameters.as_deref() == Some(&*text) && run.message.as_deref() == Some(&*text), "{millis}");
        }
    });
}

#[test]
fn a_nul_character_becomes_a_replacement_character_everywhere() {
    on_each_database(async |world| {
        let run = round_trip(&world, 1, "a\0b").await;
        assert_eq!((run.parameters.as_deref(), run.message.as_deref()), (Some("a\u{fffd}b"), Some("a\u{fffd}b")));
        let asked = |millis| NewRun { kind: RunKind::Manual, request_key: key("k\0"), ..due(JOB, millis) };
        let first = opened(world.open(asked(1)).await);
        assert_eq!(world.open(asked(2)).await, Answer::Existed { run: first, state: RunState::Waiting });
        let executor = world.store.executor_create(executor("billing").check().unwrap(), by("ann\0", 1)).await.unwrap();
        let executor = crate::support::done(executor).id;
        let texts = |text: &str| Some(text.to_owned());
        let hello = NodeHello {
            executor,
            address: "http://a\0".into(),
            agent: texts("x\0"),
            instance: texts("y\0"),
            secret_age: Default::default(),
            executor_version: 1,
        };
        let node = registered(world.store.node_register(hello.clone(), at(1)).await.unwrap());
        assert_eq!((node.address.as_str(), node.agent.as_deref()), ("http://a\u{fffd}", Some("x\u{fffd}")));
        assert_eq!(registered(world.store.node_register(hello.clone(), at(2)).await.unwrap()).id, node.id);
        assert!(world.store.node_delete(executor, hello.address).await.unwrap());
        let operations = world.store.operation_page(Cursor::Newest, 9).await.unwrap();
        assert_eq!(operations.rows[0].user, "ann\u{fffd}");
        assert_eq!(world.store.user_by_name("ann\0".into()).await.unwrap(), None);
        let filter = RunFilter { node: Some("\0".into()), ..RunFilter::default() };
        assert_eq!(world.store.run_page(filter, Cursor::Newest, 9).await.unwrap().rows, Vec::new());
        let search = hzm_job_store::job_list::JobFilter { text: Some("\0".into()), ..Default::default() };
        assert!(world.store.job_page(search, Cursor::Newest, 9).await.unwrap().rows.is_empty());
    });
}

#[test]
fn request_keys_differ_in_every_byte_also_in_spaces_at_their_end_and_in_case() {
    on_each_database(async |world| {
        let keys = ["k", "k ", "K", "k\u{301}", "", " "];
        let asked = |(millis, name): (usize, &str)| {
            Entry::Open(NewRun { kind: RunKind::Manual, request_key: key(name), ..due(JOB, millis as i64) })
        };
        for key in keys.into_iter().enumerate() {
            opened(world.commit(vec![asked(key)]).await[0]);
        }
        let again: Vec<Entry> = keys.into_iter().enumerate().map(|(at, key)| asked((at + 100, key))).collect();
        assert!(world.commit(again).await.iter().all(|answer| matches!(answer, Answer::Existed { .. })));
    });
}

#[test]
fn a_batch_of_many_megabytes_is_written() {
    on_each_database(async |world| {
        let text = "\"月\"\n".repeat(10_000);
        let news = (0..250).map(|millis| NewRun { message: Some(text.clone()), ..due(JOB, millis) });
        let ids = world.open_all(news).await;
        let said = || Known { message: Some("short".into()), ..Known::default() };
        let shorter = |id: &_| RunChange { known: said(), ..change(*id, RunState::Waiting, RunState::Running, 5) };
        let changes: Vec<Entry> = ids.iter().map(|id| Entry::Change(shorter(id))).collect();
        assert_eq!(world.commit(changes).await, vec![Answer::Changed { then: None }; 250]);
        let run = world.store.run_get(ids[249]).await.unwrap().unwrap();
        assert_eq!(run.message.as_deref(), Some("short"));
    });
}
