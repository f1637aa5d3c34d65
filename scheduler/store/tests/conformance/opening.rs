//! Opening a SQLite file: what is refused, with which words, and two who open at once.

use crate::support::{at, silence};
use hzm_job_store::{Store, StoreError};

fn refusal(url: &str) -> String {
    match Store::open(url, &silence()) {
        Ok(_) => panic!("{url} was opened"),
        Err(error) => error.to_string(),
    }
}

fn url(path: &std::path::Path) -> String {
    format!("sqlite://{}", path.display())
}

#[test]
fn a_file_that_is_no_database_is_refused_by_name_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let text = "this is not a database ".repeat(100);
    std::fs::write(&path, &text).unwrap();
    let refusal = refusal(&url(&path));
    assert!(refusal.contains("notes.txt") && refusal.contains("not a database"), "{refusal}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_folder_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = refusal(&url(folder.path()));
    assert!(refusal.contains("cannot open") && refusal.contains(&folder.path().display().to_string()), "{refusal}");
}

#[test]
fn a_ledger_in_memory_is_refused_because_each_connection_would_have_its_own() {
    for url in ["sqlite://", "sqlite://:memory:"] {
        let refusal = refusal(url);
        assert!(refusal.contains("needs a file"), "{url}: {refusal}");
    }
}

#[test]
fn missing_folders_are_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b c/月/ledger.sqlite");
    drop(Store::open(&url(&path), &silence()).unwrap());
    assert!(path.is_file());
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_file_and_its_log_are_for_their_owner_only_and_one_that_was_there_keeps_its_rights() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.sqlite");
    let store = Store::open(&url(&path), &silence()).unwrap();
    assert_eq!(store.user_count().await.unwrap(), 0, "a connection is open, and with it the log");
    for file in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    drop(Store::open(&url(&path), &silence()).unwrap());
    assert_eq!(mode(&path), 0o640);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let refusal = refusal(&url(&folder.path().join("file/ledger.sqlite")));
    assert!(refusal.contains("file/ledger.sqlite"), "{refusal}");
}

#[tokio::test]
async fn what_was_written_is_there_when_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder.path().join("ledger.sqlite"));
    let first = Store::open(&url, &silence()).unwrap();
    let epoch = first.partition_claim_all("one".into(), at(1)).await.unwrap();
    drop(first);
    let second = Store::open(&url, &silence()).unwrap();
    assert_eq!(second.partition_claim_all("two".into(), at(2)).await.unwrap(), epoch + 1);
}

/// Opens a database that others may be busy with just now: on a slow machine their locks outlast one attempt.
fn open_as_the_admin_does(url: &str) -> Result<Store, StoreError> {
    let mut opened = Store::open(url, &silence());
    for _ in 0..20 {
        match opened {
            Err(error) if error.is_away() => opened = Store::open(url, &silence()),
            done => return done,
        }
    }
    opened
}

#[test]
fn eight_who_open_a_fresh_file_at_once_all_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(&folder.path().join("ledger.sqlite"));
    let opened: Vec<Result<Store, StoreError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| open_as_the_admin_does(&url))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let errors: Vec<_> = opened.iter().filter_map(|opened| opened.as_ref().err()).map(ToString::to_string).collect();
    assert!(errors.is_empty(), "{errors:?}");
}
