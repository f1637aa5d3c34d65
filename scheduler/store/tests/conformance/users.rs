//! Users and their sessions.

use crate::support::{World, at, done, on_each_database};
use hzm_job_store::StoreError;
use hzm_job_store::outcome::Change;
use hzm_job_store::session::NewSession;
use hzm_job_store::user::User;

async fn user(world: &World, name: &str) -> User {
    done(world.store.user_create(name.into(), format!("hash of {name}"), "administrator", at(1)).await.unwrap())
}

async fn session(world: &World, user: &User, token: &str, ends: i64, now: i64) {
    let new = NewSession { token_hash: token.into(), user: user.id, expires_at: at(ends), address: "127.0.0.1".into() };
    world.store.session_create(new, at(now)).await.unwrap();
}

/// Whose session it is at `now`, when one that was idle since before `idle` is over.
async fn whose(world: &World, token: &str, idle: i64, now: i64) -> Option<String> {
    let found = world.store.session_user(token.into(), at(idle), at(now)).await.unwrap();
    found.map(|(user, _)| user.name)
}

#[test]
fn a_user_is_found_by_name_and_names_are_unique() {
    on_each_database(async |world| {
        assert_eq!(world.store.user_count().await.unwrap(), 0);
        let ann = user(&world, "ann").await;
        assert_eq!(world.store.user_by_name("ann".into()).await.unwrap(), Some(ann));
        assert_eq!(world.store.user_by_name("bob".into()).await.unwrap(), None);
        let again = world.store.user_create("ann".into(), "x".into(), "administrator", at(2)).await.unwrap();
        assert_eq!(again, Change::Taken);
        assert_eq!(world.store.user_count().await.unwrap(), 1);
    });
}

#[test]
fn a_session_ends_at_its_end_and_when_it_is_idle() {
    on_each_database(async |world| {
        let ann = user(&world, "ann").await;
        session(&world, &ann, "token", 100, 10).await;
        assert_eq!(whose(&world, "token", 10, 99).await.as_deref(), Some("ann"));
        assert_eq!(whose(&world, "token", 10, 100).await, None, "it is over");
        assert_eq!(whose(&world, "token", 11, 50).await, None, "it was idle");
        assert_eq!(whose(&world, "another", 0, 50).await, None);
        world.store.session_touch("token".into(), at(40)).await.unwrap();
        let (_, seen) = world.store.session_user("token".into(), at(40), at(50)).await.unwrap().unwrap();
        assert_eq!(seen, at(40).timestamp_millis());
    });
}

#[test]
fn a_session_that_was_ended_is_over_and_may_be_ended_again() {
    on_each_database(async |world| {
        let ann = user(&world, "ann").await;
        session(&world, &ann, "token", 100, 10).await;
        for _ in 0..2 {
            world.store.session_delete("token".into()).await.unwrap();
            assert_eq!(whose(&world, "token", 0, 20).await, None);
        }
    });
}

#[test]
fn a_new_session_sweeps_out_those_that_are_over() {
    on_each_database(async |world| {
        let ann = user(&world, "ann").await;
        session(&world, &ann, "old", 100, 10).await;
        session(&world, &ann, "new", 500, 200).await;
        assert_eq!(whose(&world, "old", 0, 50).await, None, "even by a clock that went back");
        assert_eq!(whose(&world, "new", 0, 300).await.as_deref(), Some("ann"));
    });
}

#[test]
fn a_new_password_ends_all_other_sessions_of_that_user() {
    on_each_database(async |world| {
        let (ann, bob) = (user(&world, "ann").await, user(&world, "bob").await);
        for (owner, token) in [(&ann, "here"), (&ann, "elsewhere"), (&bob, "bobs")] {
            session(&world, owner, token, 100, 10).await;
        }
        assert!(world.store.user_set_password(ann.id, "new".into(), Some("here".into()), at(20)).await.unwrap());
        let alive = async |token| whose(&world, token, 0, 30).await.is_some();
        assert_eq!((alive("here").await, alive("elsewhere").await, alive("bobs").await), (true, false, true));
        let changed = world.store.user_by_name("ann".into()).await.unwrap().unwrap();
        assert_eq!((changed.password_hash.as_str(), changed.updated_at), ("new", at(20).timestamp_millis()));
        assert!(world.store.user_set_password(ann.id, "newer".into(), None, at(21)).await.unwrap());
        assert!(!alive("here").await, "none is kept where none is named");
        assert!(!world.store.user_set_password(99, "x".into(), None, at(22)).await.unwrap());
    });
}

#[test]
fn a_session_belongs_to_a_user_that_exists() {
    on_each_database(async |world| {
        let nobody = NewSession { token_hash: "t".into(), user: 99, expires_at: at(9), address: String::new() };
        let refused = world.store.session_create(nobody, at(1)).await;
        assert!(matches!(refused, Err(StoreError::Query(_))), "{refused:?}");
    });
}
