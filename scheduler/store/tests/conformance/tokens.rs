//! Tokens of programs: found while they hold, and gone with their user's control of the account.

use crate::support::{World, at, by, done, on_each_database};
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::account::{NewUser, Rights};
use hzm_job_store::account_change::AccountChange;
use hzm_job_store::token::{MOST_TOKENS, MadeToken, NewToken, Token};
use hzm_job_store::user::User;

fn rights(role: &str, disabled: bool) -> Rights {
    Rights { role: role.into(), executors: None, disabled }
}

async fn user(world: &World, name: &str) -> User {
    let new = NewUser {
        name: name.into(),
        password_hash: "hash".into(),
        must_change: false,
        rights: rights("administrator", false),
        origin: "local".into(),
        subject: None,
    };
    done(world.store.account_create(new, None, at(1)).await.unwrap()).user
}

/// A token of the user as it is now.
async fn token(world: &World, user: &User, hash: &str, executors: Option<Vec<ExecutorId>>) -> Option<Token> {
    let now = world.store.account_get(user.id).await.unwrap().unwrap().user;
    match world.store.token_create(NewToken { executors, ..new(&now, hash) }, by("ann", 10)).await.unwrap() {
        MadeToken::Done(made) => Some(made),
        MadeToken::TooMany => None,
        MadeToken::Overtaken => panic!("nobody changed it"),
    }
}

fn new(user: &User, hash: &str) -> NewToken {
    NewToken {
        user: user.id,
        user_version: user.version,
        name: format!("token {hash}"),
        token_hash: hash.into(),
        role: "editor".into(),
        executors: None,
        expires_at: at(100),
    }
}

async fn holds(world: &World, hash: &str, now: i64) -> bool {
    world.store.token_user(hash.into(), at(now)).await.unwrap().is_some()
}

#[test]
fn a_token_is_found_by_its_hash_with_its_user_until_it_ends() {
    on_each_database(async |world| {
        let ann = user(&world, "ann").await;
        let made = token(&world, &ann, "one", Some(vec![ExecutorId(3), ExecutorId(5)])).await.unwrap();
        let (found, owner) = world.store.token_user("one".into(), at(99)).await.unwrap().unwrap();
        assert_eq!((&found, &owner), (&made, &ann));
        assert_eq!((found.executors, found.last_used_at), (Some(vec![ExecutorId(3), ExecutorId(5)]), None));
        assert!(!holds(&world, "one", 100).await && !holds(&world, "another", 50).await);
        world.store.token_touch(made.id, at(40)).await.unwrap();
        assert_eq!(world.store.token_list(ann.id).await.unwrap()[0].last_used_at, Some(at(40)));
    });
}

#[test]
fn a_token_is_ended_by_its_user_only() {
    on_each_database(async |world| {
        let (ann, bob) = (user(&world, "ann").await, user(&world, "bob").await);
        let made = token(&world, &ann, "one", None).await.unwrap();
        assert_eq!(world.store.token_delete(bob.id, made.id, by("ann", 60)).await.unwrap(), None);
        assert!(holds(&world, "one", 50).await);
        assert_eq!(
            world.store.token_delete(ann.id, made.id, by("ann", 60)).await.unwrap().as_deref(),
            Some("token one")
        );
        assert_eq!(world.store.token_delete(ann.id, made.id, by("ann", 60)).await.unwrap(), None);
        assert!(!holds(&world, "one", 50).await);
    });
}

#[test]
fn a_reset_password_a_disabled_user_and_a_deleted_one_have_no_tokens() {
    on_each_database(async |world| {
        user(&world, "root").await;
        let ann = user(&world, "ann").await;
        token(&world, &ann, "one", None).await.unwrap();
        assert!(
            world.store.user_set_password((ann.id, 1), ("own".into(), false), None, by("ann", 20), None).await.unwrap()
        );
        assert!(holds(&world, "one", 30).await, "one's own new password ends no token");
        assert!(
            world
                .store
                .user_set_password((ann.id, 2), ("reset".into(), true), None, by("ann", 21), None)
                .await
                .unwrap()
        );
        assert!(!holds(&world, "one", 30).await);
        assert!(
            world.store.user_set_password((ann.id, 3), ("own".into(), false), None, by("ann", 21), None).await.unwrap()
        );
        token(&world, &ann, "two", None).await.unwrap();
        let disabled = world.store.account_update(ann.id, 4, rights("viewer", true), by("root", 22)).await.unwrap();
        assert!(matches!(disabled, AccountChange::Done(_)), "{disabled:?}");
        let enabled = world.store.account_update(ann.id, 5, rights("viewer", false), by("root", 23)).await.unwrap();
        assert!(matches!(enabled, AccountChange::Done(_)), "{enabled:?}");
        assert!(!holds(&world, "two", 30).await, "it does not come back");
        token(&world, &ann, "three", None).await.unwrap();
        assert!(matches!(world.store.account_delete(ann.id, by("root", 24)).await.unwrap(), AccountChange::Done(_)));
        assert!(!holds(&world, "three", 30).await);
    });
}

#[test]
fn a_user_has_a_hundred_tokens_at_most_and_those_that_ended_long_ago_make_room() {
    on_each_database(async |world| {
        let ann = user(&world, "ann").await;
        for number in 0..MOST_TOKENS {
            assert!(token(&world, &ann, &number.to_string(), None).await.is_some());
        }
        assert!(token(&world, &ann, "one too many", None).await.is_none());
        let day = 86_400_000;
        let late = NewToken {
            user: ann.id,
            user_version: 1,
            name: "late".into(),
            token_hash: "late".into(),
            role: "viewer".into(),
            executors: None,
            expires_at: at(40 * day),
        };
        assert_eq!(world.store.token_create(late.clone(), by("ann", 29 * day)).await.unwrap(), MadeToken::TooMany);
        assert!(matches!(world.store.token_create(late, by("ann", 31 * day)).await.unwrap(), MadeToken::Done(_)));
        assert_eq!(world.store.token_list(ann.id).await.unwrap().len(), 1);
    });
}

#[test]
fn no_token_comes_about_for_a_user_who_was_changed_since_it_was_let_in() {
    on_each_database(async |world| {
        user(&world, "root").await;
        let ann = user(&world, "ann").await;
        let made = async |hash: &str, version: i64| {
            let wanted = NewToken { user_version: version, ..new(&ann, hash) };
            world.store.token_create(wanted, by("ann", 10)).await.unwrap()
        };
        assert!(
            world
                .store
                .user_set_password((ann.id, 1), ("reset".into(), true), None, by("ann", 20), None)
                .await
                .unwrap()
        );
        assert_eq!(made("after a reset", 1).await, MadeToken::Overtaken);
        assert_eq!(made("with a password that somebody else knows", 2).await, MadeToken::Overtaken);
        assert!(
            world.store.user_set_password((ann.id, 2), ("own".into(), false), None, by("ann", 21), None).await.unwrap()
        );
        assert!(matches!(made("own", 3).await, MadeToken::Done(_)));
        let disabled = world.store.account_update(ann.id, 3, rights("viewer", true), by("root", 22)).await.unwrap();
        assert!(matches!(disabled, AccountChange::Done(_)), "{disabled:?}");
        assert_eq!(made("disabled", 3).await, MadeToken::Overtaken);
        assert_eq!(made("disabled", 4).await, MadeToken::Overtaken);
        assert_eq!(world.store.token_list(ann.id).await.unwrap(), Vec::new());
    });
}

#[test]
fn a_token_that_is_made_while_the_password_is_reset_does_not_outlive_that() {
    on_each_database(async |world| {
        let other = world.another_store();
        user(&world, "root").await;
        for round in 0..20 {
            let ann = user(&world, &format!("ann {round}")).await;
            let hashes: Vec<String> = (0..4).map(|number| format!("{round}-{number}")).collect();
            let making = hashes.iter().map(|hash| other.token_create(new(&ann, hash), by("ann", 10)));
            let reset = world.store.user_set_password((ann.id, 1), ("reset".into(), true), None, by("ann", 20), None);
            let (made, reset) = tokio::join!(futures_util::future::join_all(making), reset);
            assert!(reset.unwrap() && made.iter().all(Result::is_ok), "{made:?}");
            assert_eq!(world.store.token_list(ann.id).await.unwrap(), Vec::new());
        }
    });
}
