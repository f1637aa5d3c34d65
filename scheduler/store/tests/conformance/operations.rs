//! The operation log: what is recorded by hand, and its pages.

use crate::support::{by, on_each_database};
use hzm_job_store::page::Cursor;
use serde_json::{Value, json};

#[test]
fn a_recorded_operation_is_read_back_with_its_details() {
    on_each_database(async |world| {
        let after = json!({"rule": "all", "removed": 12, "token_secret": "hush"});
        world.store.operation_record(by("ann", 3), "clear", ("run", 0, "all jobs".into()), after).await.unwrap();
        world.store.operation_record(by("bob", 4), "login", ("user", 7, "bob".into()), Value::Null).await.unwrap();
        let rows = world.store.operation_page(Cursor::Newest, 10).await.unwrap().rows;
        assert_eq!((rows[0].action.as_str(), rows[0].object_id, rows[0].changes.len()), ("login", 7, 0));
        let clear = &rows[1];
        assert_eq!((clear.user.as_str(), clear.at, clear.object_kind.as_str()), ("ann", by("", 3).at, "run"));
        let fields: Vec<_> = clear.changes.iter().map(|change| (change.field.as_str(), change.after.clone())).collect();
        assert_eq!(fields, vec![("removed", json!(12)), ("rule", json!("all")), ("token_secret", json!("******"))]);
    });
}

#[test]
fn operations_are_paged_both_ways() {
    on_each_database(async |world| {
        for number in 0..5 {
            let object = ("run", number, format!("run {number}"));
            world.store.operation_record(by("ann", number), "cancel", object, Value::Null).await.unwrap();
        }
        let page = async |cursor| {
            let page = world.store.operation_page(cursor, 2).await.unwrap();
            (page.rows.iter().map(|row| row.object_id).collect::<Vec<_>>(), page.newer, page.older)
        };
        let (newest, newer, older) = page(Cursor::Newest).await;
        assert_eq!((newest, newer), (vec![4, 3], None));
        let (middle, _, older) = page(older.unwrap()).await;
        assert_eq!(middle, vec![2, 1]);
        let (last, newer, older) = page(older.unwrap()).await;
        assert_eq!((last, older), (vec![0], None));
        assert_eq!(page(newer.unwrap()).await.0, vec![2, 1]);
    });
}
