//! The operation log as a chain: what was done to it from outside is found out.

use crate::database::execute;
use crate::support::{World, at, by, done, executor, job, on_each_database, registered, silence};
use crate::users::{administrator, new};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};
use hzm_job_scheduler::executor::{ExecutorDraft, ExecutorSpec};
use hzm_job_store::binding::Tie;
use hzm_job_store::job_import::NewJob;
use hzm_job_store::link::{Fault, Link};
use hzm_job_store::node::{NodeHello, SecretAge};
use hzm_job_store::page::Cursor;
use hzm_job_store::vault::{KEY_BYTES, Vault};
use hzm_job_store::{Store, StoreError, StoreSettings};
use serde_json::json;

/// A store on the same database that has this key.
fn with_key(world: &World, byte: u8) -> Store {
    let vault = Vault::of(&[byte; KEY_BYTES]).unwrap();
    Store::open_with(&StoreSettings { vault, ..StoreSettings::new(&world.database.url) }, &silence()).unwrap()
}

/// Whoever has the database and not the key.
pub(crate) fn meddle(world: &World, sql: &str) {
    match world.database.url.strip_prefix("sqlite://") {
        None => execute(&world.database.url, sql),
        Some(path) => {
            let mut conn = SqliteConnection::establish(path).unwrap();
            conn.batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}")).unwrap();
        }
    }
}

/// As a version from before there was a chain left it.
const UNCHAINED: &str =
    "UPDATE operation SET place = NULL, hash = NULL; UPDATE operation_chain SET place = 0, hash = ''";

async fn filled(world: &World) -> Store {
    let store = with_key(world, 1);
    store.key_bind().await.unwrap();
    for number in 1..=5 {
        let what = ("run", number, format!("run {number}"));
        store.operation_record(by("ann", number), "cancel", what, json!({ "number": number })).await.unwrap();
    }
    store
}

async fn fault(store: &Store) -> Option<Fault> {
    store.operations_verify(None).await.unwrap().fault
}

#[test]
fn every_kind_of_change_is_an_entry_of_one_whole_chain() {
    on_each_database(async |world| {
        let store = with_key(&world, 1);
        store.key_bind().await.unwrap();
        let spec = |key| executor(key).check().unwrap();
        let id = done(store.executor_create(spec("a"), by("ann", 0)).await.unwrap()).id;
        done(store.executor_update((id, 1), spec("b"), None, by("ann", 1)).await.unwrap());
        let made = done(store.job_create(job(id, "one"), by("ann", 2)).await.unwrap()).job;
        done(store.job_update(made.id, 1, job(id, "two"), by("ann", 3)).await.unwrap());
        done(store.job_enable(made.id, true, by("ann", 4)).await.unwrap());
        let new = |name: &str| NewJob { spec: job(id, name), enabled: false, key: None };
        store.job_create_all((0..300).map(|number| new(&number.to_string())).collect(), by("ann", 5)).await.unwrap();
        done(store.job_delete(made.id, by("ann", 6)).await.unwrap());
        let found = store.operations_verify(None).await.unwrap();
        assert_eq!((found.fault, found.end.place), (None, 306));
        let newest = store.operation_page(Cursor::Newest, 1).await.unwrap().rows.remove(0);
        assert_eq!(newest.link, Some(found.end));
    });
}

#[test]
fn an_entry_that_was_changed_is_found_whatever_was_changed_of_it() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        let columns = [
            ("user_name", "'bob'", "'ann'"),
            ("action", "'start'", "'cancel'"),
            ("object_name", "'x'", "'run 3'"),
            ("object_id", "7", "3"),
            ("address", "'10.0.0.1'", "NULL"),
            ("changes", "'[]'", r#"'[{"field":"number","before":null,"after":3}]'"#),
        ];
        for (column, other, own) in columns {
            meddle(&world, &format!("UPDATE operation SET {column} = {other} WHERE place = 3"));
            assert_eq!(fault(&store).await, Some(Fault::Changed(3)), "{column}");
            meddle(&world, &format!("UPDATE operation SET {column} = {own} WHERE place = 3"));
            assert_eq!(fault(&store).await, None, "{column}");
        }
    });
}

#[test]
fn an_entry_that_was_taken_out_or_moved_or_added_is_found() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        meddle(&world, "UPDATE operation SET place = NULL WHERE place = 3");
        assert_eq!(fault(&store).await, Some(Fault::Missing(3)), "declared to be from before the chain");
        meddle(&world, "DELETE FROM operation WHERE place IS NULL");
        assert_eq!(fault(&store).await, Some(Fault::Missing(3)));
        meddle(&world, "UPDATE operation SET place = place - 1 WHERE place = 4");
        assert_eq!(fault(&store).await, Some(Fault::Changed(3)), "the others close ranks");
    });
}

#[test]
fn an_entry_that_was_put_in_without_a_place_is_none_from_before_the_chain() {
    on_each_database(async |world| {
        // Entries from before there was a key are chained with it, once.
        for number in 1..=3 {
            world
                .store
                .operation_record(by("ann", number), "cancel", ("run", number, String::new()), json!({}))
                .await
                .unwrap();
        }
        meddle(&world, "UPDATE operation SET place = NULL, hash = NULL");
        let store = filled(&world).await;
        let found = store.operations_verify(None).await.unwrap();
        assert_eq!((found.fault, found.end.place), (None, 8));
        let columns = "id, at, user_name, action, object_kind, object_id, object_name, changes";
        for id in [-5, 7_000_000] {
            meddle(
                &world,
                &format!("INSERT INTO operation ({columns}) VALUES ({id}, 1, 'eve', 'login', 'user', 1, 'eve', '[]')"),
            );
            assert_eq!(fault(&store).await, Some(Fault::Unplaced(1)), "{id}");
            // Nor is it taken in by another start.
            with_key(&world, 1).key_bind().await.unwrap();
            assert_eq!(fault(&store).await, Some(Fault::Unplaced(1)), "{id}");
            meddle(&world, &format!("DELETE FROM operation WHERE id = {id}"));
        }
        meddle(&world, "UPDATE operation SET place = NULL; ");
        meddle(&world, "UPDATE operation_chain SET place = 0, hash = ''");
        assert_eq!(fault(&store).await, Some(Fault::Unplaced(8)), "the whole chain taken away");
    });
}

#[test]
fn an_entry_with_a_place_that_no_chain_has_is_found() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        let columns = "id, at, user_name, action, object_kind, object_id, object_name, changes, place, hash";
        let put_in = |place: &str| {
            meddle(
                &world,
                &format!(
                    "INSERT INTO operation ({columns}) VALUES (900001, 1, 'eve', 'login', 'user', 1, 'eve', '[]', {place}, 'x')"
                ),
            );
        };
        let strays = [("0", Fault::Stray(900_001)), ("-5", Fault::Stray(900_001)), ("6", Fault::Behind(5))];
        let of_sqlite = [("'zz'", Fault::Behind(5)), ("x'ffff'", Fault::Behind(5)), ("2.5", Fault::Missing(3))];
        let is_sqlite = world.database.url.starts_with("sqlite://");
        for (place, found) in strays.into_iter().chain(of_sqlite.into_iter().filter(|_| is_sqlite)) {
            put_in(place);
            assert_eq!(fault(&store).await, Some(found), "{place}");
            meddle(&world, "DELETE FROM operation WHERE id = 900001");
            assert_eq!(fault(&store).await, None, "{place}");
        }
    });
}

#[test]
fn what_a_database_knows_of_keys_is_told_from_what_was_taken_away() {
    on_each_database(async |world| {
        let store = with_key(&world, 1);
        let tie = async || store.key_tie().await.unwrap();
        assert_eq!(tie().await, Tie::Empty);
        world.executor("from-before").await;
        assert_eq!(tie().await, Tie::Severed, "chained, and tied to no key");
        meddle(&world, UNCHAINED);
        assert_eq!(tie().await, Tie::Untouched);
        store.key_bind().await.unwrap();
        assert_eq!(tie().await, Tie::Own);
        assert_eq!(with_key(&world, 2).key_tie().await.unwrap(), Tie::Other);
        assert!(matches!(with_key(&world, 2).key_bind_anew().await, Err(StoreError::WrongKey)));
        meddle(&world, "UPDATE operation SET user_name = 'bob'; UPDATE operation_chain SET key_mark = NULL");
        assert_eq!(tie().await, Tie::Severed);
        assert_eq!(fault(&store).await, Some(Fault::Changed(1)), "nothing was signed anew");
        meddle(&world, "DELETE FROM operation_chain");
        assert_eq!(tie().await, Tie::Severed);
        assert_eq!(fault(&store).await, Some(Fault::Behind(0)), "the end is gone");
        store.key_bind_anew().await.unwrap();
        assert_eq!((tie().await, fault(&store).await), (Tie::Own, None));
        meddle(&world, "UPDATE operation_chain SET key_mark = NULL");
        meddle(&world, UNCHAINED);
        assert_eq!(tie().await, Tie::Untouched, "for whoever knows that the key was there before, that is no upgrade");
    });
}

#[test]
fn two_admins_that_were_given_the_same_key_may_tie_a_new_database_at_once() {
    on_each_database(async |world| {
        let (one, other) = (with_key(&world, 1), with_key(&world, 1));
        let (first, second) = futures_util::join!(one.key_bind(), other.key_bind());
        first.and(second).unwrap();
        done(one.executor_create(executor("a").check().unwrap(), by("ann", 1)).await.unwrap());
        other.key_bind().await.unwrap();
        done(other.executor_create(executor("b").check().unwrap(), by("ann", 1)).await.unwrap());
        assert_eq!(fault(&one).await, None);
    });
}

#[test]
fn a_database_with_secrets_of_another_key_is_not_tied_to_this_one() {
    on_each_database(async |world| {
        let right = with_key(&world, 1);
        right.key_bind().await.unwrap();
        let draft = ExecutorDraft { app_secret: Some("s3cret".into()), ..executor("a") };
        let made = done(right.executor_create(draft.check().unwrap(), by("ann", 1)).await.unwrap());
        meddle(&world, "UPDATE operation_chain SET key_mark = NULL");
        meddle(&world, UNCHAINED);
        assert!(with_key(&world, 2).key_bind().await.is_err());
        assert_eq!(right.key_tie().await.unwrap(), Tie::Untouched, "nothing was written");
        right.key_bind().await.unwrap();
        let kept = right.executor_get(made.id).await.unwrap().unwrap();
        assert!(kept.spec.draft().app_secret.is_some() && kept.spec == made.spec);
    });
}

#[test]
fn an_entry_that_a_trigger_swallows_undoes_the_change_that_it_was_to_tell_of() {
    on_each_database(async |world| {
        if !world.database.url.starts_with("sqlite://") {
            return;
        }
        let store = filled(&world).await;
        let ann =
            done(store.account_create(new("ann", administrator()), Some(by("root", 8)), at(8)).await.unwrap()).user;
        let swallow = "CREATE TRIGGER swallow BEFORE INSERT ON operation BEGIN SELECT RAISE(IGNORE); END;";
        let take_out =
            "CREATE TRIGGER swallow AFTER INSERT ON operation BEGIN DELETE FROM operation WHERE id = NEW.id; END;";
        let put_back = "CREATE TRIGGER put_back AFTER UPDATE OF hash ON operation_chain BEGIN \
            UPDATE operation_chain SET place = OLD.place - 1, hash = (SELECT hash FROM operation WHERE place = OLD.place - 1); END;";
        for planted in [swallow, take_out, put_back, &format!("{swallow} {put_back}")] {
            meddle(&world, planted);
            let refused = store.executor_create(executor("a").check().unwrap(), by("eve", 9)).await;
            assert!(refused.is_err(), "{planted}: {refused:?}");
            let reset = ("x".to_owned(), true);
            let refused = store.user_set_password((ann.id, 1), reset, None, by("eve", 9), None).await;
            assert!(refused.is_err(), "{planted}: {refused:?}");
            meddle(&world, "DROP TRIGGER IF EXISTS swallow; DROP TRIGGER IF EXISTS put_back;");
        }
        assert!(store.executor_list().await.unwrap().is_empty());
        assert_eq!(store.user_by_name("ann".into()).await.unwrap(), Some(ann));
        done(store.executor_create(executor("a").check().unwrap(), by("ann", 10)).await.unwrap());
        assert_eq!(fault(&store).await, None);
    });
}

#[test]
fn a_chain_without_its_end_is_found_by_its_own_end_and_by_whoever_kept_it() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        let end = store.operations_verify(None).await.unwrap().end;
        let before = store.operation_page(Cursor::Newest, 9).await.unwrap().rows[1].link.clone().unwrap();
        meddle(&world, "DELETE FROM operation WHERE place = 5");
        assert_eq!(fault(&store).await, Some(Fault::Missing(5)));
        let back = format!("UPDATE operation_chain SET place = 4, hash = '{}'", before.hash);
        meddle(&world, &back);
        assert_eq!(fault(&store).await, None, "nothing inside tells of it");
        let found = store.operations_verify(Some(end.clone())).await.unwrap();
        assert_eq!(found.fault, Some(Fault::Missing(5)), "but who kept the end knows");
        store.operation_record(by("eve", 9), "login", ("user", 1, "eve".into()), json!({})).await.unwrap();
        assert_eq!(store.operations_verify(Some(end)).await.unwrap().fault, Some(Fault::Replaced(5)));
        assert_eq!(store.operations_verify(Some(before)).await.unwrap().fault, None);
    });
}

#[test]
fn a_chain_cannot_be_mended_without_the_key() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        // Somebody with the same program and without the key writes an entry in good form.
        let without = world.another_store();
        without.operation_record(by("eve", 9), "login", ("user", 1, "eve".into()), json!({})).await.unwrap();
        assert_eq!(fault(&store).await, Some(Fault::Changed(6)));
    });
}

#[test]
fn entries_of_many_writers_at_once_are_one_chain() {
    on_each_database(async |world| {
        let store = filled(&world).await;
        let writers = (0..8).map(|writer| {
            let store = store.clone();
            async move {
                for number in 0..5 {
                    let what = ("run", number, String::new());
                    store.operation_record(by("ann", writer), "cancel", what, json!({})).await.unwrap();
                }
            }
        });
        futures_util::future::join_all(writers).await;
        let found = store.operations_verify(Some(Link::default())).await.unwrap();
        assert_eq!((found.fault, found.end.place), (None, 45));
    });
}

fn secretive(key: &str, secret: &str) -> ExecutorSpec {
    ExecutorDraft { app_secret: Some(secret.into()), ..executor(key) }.check().unwrap()
}

#[test]
fn a_secret_is_encrypted_in_the_database_and_belongs_to_its_row() {
    on_each_database(async |world| {
        // One from before there was a key.
        let old = done(world.store.executor_create(secretive("old", "the-old-secret"), by("ann", 0)).await.unwrap()).id;
        meddle(&world, UNCHAINED);
        let store = with_key(&world, 1);
        store.key_bind().await.unwrap();
        let new = done(store.executor_create(secretive("new", "the-new-secret"), by("ann", 1)).await.unwrap()).id;
        let read = async |id| store.executor_get(id).await.unwrap().unwrap().spec.draft().app_secret.clone().unwrap();
        assert_eq!((read(old).await.as_str(), read(new).await.as_str()), ("the-old-secret", "the-new-secret"));
        assert!(matches!(world.store.executor_list().await, Err(StoreError::Sealed { .. })), "without the key");
        assert!(matches!(with_key(&world, 2).key_bind().await, Err(StoreError::WrongKey)));
        meddle(
            &world,
            &format!(
                "UPDATE executor SET app_secret = (SELECT stolen FROM (SELECT app_secret AS stolen FROM executor WHERE id = {new}) AS other) WHERE id = {old}"
            ),
        );
        assert!(matches!(store.executor_get(old).await, Err(StoreError::Sealed { .. })), "another row's secret");
        for start in 0..2 {
            meddle(&world, &format!("UPDATE executor SET app_secret = 'planted' WHERE id = {old}"));
            assert!(matches!(store.executor_list().await, Err(StoreError::Plain { .. })), "{start}");
            store.key_bind().await.unwrap();
        }
        assert!(matches!(store.executor_get(old).await, Err(StoreError::Plain { .. })), "no start encrypts it");
    });
}

#[test]
fn a_secret_that_was_replaced_is_known_until_its_time_is_over_and_its_nodes_with_it() {
    on_each_database(async |world| {
        let store = with_key(&world, 1);
        let id = done(store.executor_create(secretive("a", "first"), by("ann", 0)).await.unwrap()).id;
        let hello = NodeHello {
            executor: id,
            address: "http://a:1".into(),
            agent: None,
            instance: None,
            secret_age: Default::default(),
            executor_version: 1,
        };
        registered(store.node_register(hello.clone(), at(1)).await.unwrap());
        done(store.executor_update((id, 1), secretive("a", "second"), Some(at(60)), by("ann", 2)).await.unwrap());
        let read = store.executor_get(id).await.unwrap().unwrap();
        assert_eq!(read.former.map(|former| (former.secret, former.until)), Some(("first".into(), at(60))));
        assert!(store.node_list(Some(id)).await.unwrap()[0].secret_age == SecretAge::Former);
        let anew = NodeHello { executor_version: 2, ..hello };
        registered(store.node_register(anew, at(3)).await.unwrap());
        assert!(
            store.node_list(Some(id)).await.unwrap()[0].secret_age == SecretAge::Present,
            "it called in with the new one"
        );
        done(store.executor_update((id, 2), secretive("a", "second"), None, by("ann", 4)).await.unwrap());
        assert!(store.executor_get(id).await.unwrap().unwrap().former.is_some(), "an edit of something else");
        done(store.executor_update((id, 3), secretive("a", "third"), None, by("ann", 5)).await.unwrap());
        assert!(store.executor_get(id).await.unwrap().unwrap().former.is_none(), "and one that holds at once");
        done(store.executor_update((id, 4), secretive("a", "fourth"), Some(at(60)), by("ann", 6)).await.unwrap());
        done(store.executor_delete(id, by("ann", 7)).await.unwrap());
    });
}
