//! Executors: created, changed, refused, deleted.

use crate::support::{by, done, executor, manual_executor, on_each_database};
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::ExecutorDraft;
use hzm_job_store::outcome::Change;
use hzm_job_store::page::Cursor;

#[test]
fn an_executor_is_read_back_as_it_was_created() {
    on_each_database(async |world| {
        let draft = ExecutorDraft { app_secret: Some("s3cret".into()), ..executor("billing") };
        let made = done(world.store.executor_create(draft.check().unwrap(), by("ann", 5)).await.unwrap());
        let read = world.store.executor_get(made.id).await.unwrap().unwrap();
        assert_eq!((read.spec, read.version), (made.spec, 1));
        assert_eq!((read.created_at, read.updated_at), (by("", 5).at, by("", 5).at));
        assert!(world.store.executor_get(ExecutorId(made.id.0 + 1)).await.unwrap().is_none());
    });
}

#[test]
fn an_app_key_belongs_to_one_executor_at_a_time() {
    on_each_database(async |world| {
        let first = world.executor("billing").await;
        let second = world.executor("mail").await;
        let spec = || executor("billing").check().unwrap();
        assert!(matches!(world.store.executor_create(spec(), by("bob", 1)).await.unwrap(), Change::Taken));
        assert!(matches!(
            world.store.executor_update((second, 1), spec(), None, by("bob", 1)).await.unwrap(),
            Change::Taken
        ));
        assert_eq!(world.store.executor_list().await.unwrap().len(), 2, "a refused change leaves nothing behind");
        done(world.store.executor_delete(first, by("bob", 2)).await.unwrap());
        done(world.store.executor_update((second, 1), spec(), None, by("bob", 3)).await.unwrap());
    });
}

#[test]
fn an_update_names_the_version_it_read() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        let renamed = |name: &str| ExecutorDraft { name: name.into(), ..executor("billing") }.check().unwrap();
        let after = done(world.store.executor_update((id, 1), renamed("one"), None, by("ann", 1)).await.unwrap());
        assert_eq!((after.version, after.updated_at), (2, by("", 1).at));
        let late = world.store.executor_update((id, 1), renamed("two"), None, by("bob", 2)).await.unwrap();
        assert!(matches!(late, Change::Stale { version: 2 }), "{late:?}");
        assert_eq!(world.store.executor_get(id).await.unwrap().unwrap().spec.draft().name, "one");
        let gone = world.store.executor_update((ExecutorId(99), 1), renamed("x"), None, by("bob", 2)).await.unwrap();
        assert!(matches!(gone, Change::NotFound), "{gone:?}");
    });
}

#[test]
fn an_executor_with_jobs_is_in_use() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        let job = world.job(id, "report").await.job.id;
        let refused = world.store.executor_delete(id, by("ann", 1)).await.unwrap();
        assert!(matches!(refused, Change::InUse { jobs: 1 }), "{refused:?}");
        done(world.store.job_delete(job, by("ann", 2)).await.unwrap());
        done(world.store.executor_delete(id, by("ann", 3)).await.unwrap());
        assert!(world.store.executor_get(id).await.unwrap().is_none());
        assert!(matches!(world.store.executor_delete(id, by("ann", 4)).await.unwrap(), Change::NotFound));
    });
}

#[test]
fn a_deleted_executor_takes_its_nodes_along_and_frees_its_key() {
    on_each_database(async |world| {
        let spec = || manual_executor("billing", &["http://10.0.0.1:7777"]);
        let first = done(world.store.executor_create(spec(), by("ann", 0)).await.unwrap()).id;
        done(world.store.executor_delete(first, by("ann", 1)).await.unwrap());
        assert_eq!(world.store.node_list(None).await.unwrap(), Vec::new());
        let second = done(world.store.executor_create(spec(), by("ann", 2)).await.unwrap()).id;
        assert_ne!(first, second);
        assert_eq!(world.store.executor_list().await.unwrap().len(), 1);
    });
}

#[test]
fn addresses_keep_the_order_in_which_they_were_entered() {
    on_each_database(async |world| {
        let [a, b, c] = ["http://a:1", "http://b:1", "http://c:1"];
        let id = done(world.store.executor_create(manual_executor("x", &[a, b]), by("ann", 0)).await.unwrap()).id;
        for (version, addresses) in [(1, vec![b, a]), (2, vec![b, c, a]), (3, vec![a, b]), (4, vec![a, b, c])] {
            let spec = manual_executor("x", &addresses);
            done(world.store.executor_update((id, version), spec, None, by("ann", 1)).await.unwrap());
            let read = world.store.executor_get(id).await.unwrap().unwrap();
            assert_eq!(read.spec.draft().addresses, addresses);
            let nodes = world.store.node_list(Some(id)).await.unwrap();
            assert_eq!(nodes.iter().map(|node| node.address.as_str()).collect::<Vec<_>>(), addresses);
        }
    });
}

#[test]
fn every_change_is_recorded_without_the_secret() {
    on_each_database(async |world| {
        let with = |secret: &str| ExecutorDraft { app_secret: Some(secret.into()), ..executor("billing") };
        let id = done(world.store.executor_create(with("first-one").check().unwrap(), by("ann", 0)).await.unwrap()).id;
        done(
            world
                .store
                .executor_update((id, 1), with("second-one").check().unwrap(), None, by("bob", 1))
                .await
                .unwrap(),
        );
        done(world.store.executor_delete(id, by("cid", 2)).await.unwrap());
        let page = world.store.operation_page(Cursor::Newest, 10).await.unwrap();
        let told: Vec<_> =
            page.rows.iter().map(|row| (row.user.as_str(), row.action.as_str(), row.object_id)).collect();
        assert_eq!(told, vec![("cid", "delete", id.0), ("bob", "update", id.0), ("ann", "create", id.0)]);
        let update: Vec<_> = page.rows[1].changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(update, vec!["app_secret"], "that it changed is told");
        assert!(!format!("{page:?}").contains("-one"), "what it was or is is not");
    });
}
