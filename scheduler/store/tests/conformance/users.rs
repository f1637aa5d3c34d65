//! Users and their sessions.

use crate::support::{World, at, by, done, on_each_database};
use hzm_job_scheduler::ExecutorId;
use hzm_job_store::StoreError;
use hzm_job_store::account::{Account, NewUser, Rights};
use hzm_job_store::account_change::AccountChange;
use hzm_job_store::account_guest::{Entered, Guest};
use hzm_job_store::job_list::JobFilter;
use hzm_job_store::operation::By;
use hzm_job_store::outcome::Change;
use hzm_job_store::page::Cursor;
use hzm_job_store::session::{MOST_SESSIONS, NewSession};
use hzm_job_store::user::User;

pub(crate) fn administrator() -> Rights {
    Rights { role: "administrator".into(), executors: None, disabled: false }
}

pub(crate) fn of(role: &str, executors: &[ExecutorId]) -> Rights {
    Rights { role: role.into(), executors: Some(executors.iter().copied().collect()), disabled: false }
}

pub(crate) fn new(name: &str, rights: Rights) -> NewUser {
    NewUser {
        name: name.into(),
        password_hash: format!("hash of {name}"),
        must_change: false,
        rights,
        origin: "local".into(),
        subject: None,
    }
}

async fn account(world: &World, name: &str, rights: Rights) -> Account {
    done(world.store.account_create(new(name, rights), Some(by("root", 1)), at(1)).await.unwrap())
}

pub(crate) async fn user(world: &World, name: &str) -> User {
    account(world, name, administrator()).await.user
}

async fn session(world: &World, user: &User, token: &str, ends: i64, now: i64) {
    let new = NewSession {
        token_hash: token.into(),
        user: user.id,
        user_version: user.version,
        expires_at: at(ends),
        address: "127.0.0.1".into(),
    };
    world.store.session_create(new, at(now)).await.unwrap();
}

/// Whose session it is at `now`, when one that was idle since before `idle` is over.
async fn whose(world: &World, token: &str, idle: i64, now: i64) -> Option<String> {
    let found = world.store.session_user(token.into(), at(idle), at(now)).await.unwrap();
    found.map(|(user, _)| user.name)
}

#[test]
fn a_user_has_so_many_sessions_and_with_another_one_the_oldest_ends() {
    on_each_database(async |world| {
        let (ann, bob) = (user(&world, "ann").await, user(&world, "bob").await);
        session(&world, &bob, "of-bob", 5_000, 0).await;
        let most = MOST_SESSIONS;
        for number in 0..most + 3 {
            session(&world, &ann, &format!("session-{number}"), 5_000, 1 + number).await;
        }
        let open = world.store.session_list(ann.id, at(0), at(most + 3)).await.unwrap();
        assert_eq!(open.len() as i64, most);
        for (token, whose_it_is) in [("session-2", None), ("session-3", Some("ann")), ("of-bob", Some("bob"))] {
            assert_eq!(whose(&world, token, 0, most + 3).await.as_deref(), whose_it_is, "{token}");
        }
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
        assert!(
            world
                .store
                .user_set_password((ann.id, 1), ("new".into(), false), Some("here".into()), by("ann", 20), None)
                .await
                .unwrap()
        );
        let alive = async |token| whose(&world, token, 0, 30).await.is_some();
        assert_eq!((alive("here").await, alive("elsewhere").await, alive("bobs").await), (true, false, true));
        let changed = world.store.user_by_name("ann".into()).await.unwrap().unwrap();
        assert_eq!((changed.password_hash.as_str(), changed.updated_at), ("new", at(20).timestamp_millis()));
        assert!(
            world
                .store
                .user_set_password((ann.id, 2), ("newer".into(), true), None, by("ann", 21), None)
                .await
                .unwrap()
        );
        assert!(!alive("here").await, "none is kept where none is named");
        assert!(
            !world
                .store
                .user_set_password((ann.id, 2), ("late".into(), false), None, by("ann", 22), None)
                .await
                .unwrap()
        );
        session(&world, &ann, "verified before", 100, 23).await;
        assert!(!alive("verified before").await, "its password was looked at before the change");
        assert!(!world.store.user_set_password((99, 1), ("x".into(), false), None, by("ann", 22), None).await.unwrap());
    });
}

#[test]
fn a_session_belongs_to_a_user_that_exists() {
    on_each_database(async |world| {
        let nobody =
            NewSession { token_hash: "t".into(), user: 99, user_version: 1, expires_at: at(9), address: String::new() };
        let refused = world.store.session_create(nobody, at(1)).await;
        assert!(matches!(refused, Err(StoreError::Query(_))), "{refused:?}");
    });
}

#[test]
fn what_was_granted_is_kept_in_order_and_names_executors_that_exist() {
    on_each_database(async |world| {
        let (one, two) = (world.executor("one").await, world.executor("two").await);
        let ann = account(&world, "ann", of("viewer", &[two, one])).await;
        assert_eq!((ann.user.all_executors, ann.executors.as_slice()), (false, [one, two].as_slice()));
        assert_eq!(world.store.account_get(ann.user.id).await.unwrap(), Some(ann.clone()));
        assert_eq!(world.store.user_grants(ann.user.id).await.unwrap(), [one, two]);
        let nowhere = new("bob", of("viewer", &[one, ExecutorId(99)]));
        assert_eq!(world.store.account_create(nowhere, None, at(2)).await.unwrap(), Change::NotFound);
        assert_eq!(world.store.user_by_name("bob".into()).await.unwrap(), None);
        let unknown = of("viewer", &[ExecutorId(99)]);
        let refused = world.store.account_update(ann.user.id, 1, unknown, by("root", 3)).await.unwrap();
        assert_eq!(refused, AccountChange::NoExecutor);
        assert_eq!(world.store.account_list().await.unwrap(), [ann]);
    });
}

#[test]
fn a_change_of_rights_ends_the_sessions_and_holds_only_for_the_version_that_was_read() {
    on_each_database(async |world| {
        let one = world.executor("one").await;
        let (root, ann) = (user(&world, "root").await, account(&world, "ann", administrator()).await);
        session(&world, &ann.user, "anns", 100, 10).await;
        session(&world, &root, "roots", 100, 10).await;
        let changed = world.store.account_update(ann.user.id, 1, of("editor", &[one]), by("root", 20)).await.unwrap();
        let AccountChange::Done(changed) = changed else { panic!("{changed:?}") };
        assert_eq!((changed.user.version, changed.executors.as_slice()), (2, [one].as_slice()));
        assert_eq!(world.store.account_get(ann.user.id).await.unwrap(), Some(changed));
        assert_eq!((whose(&world, "anns", 0, 30).await, whose(&world, "roots", 0, 30).await.is_some()), (None, true));
        let late = world.store.account_update(ann.user.id, 1, administrator(), by("root", 30)).await.unwrap();
        assert_eq!(late, AccountChange::Stale { version: 2 });
        let missing = world.store.account_update(99, 1, administrator(), by("root", 30)).await.unwrap();
        assert_eq!(missing, AccountChange::NotFound);
        let log = world.store.operation_page(hzm_job_store::Cursor::Newest, 10).await.unwrap().rows;
        let fields: Vec<&str> = log[0].changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!((log[0].action.as_str(), fields), ("update", vec!["executors", "role"]));
    });
}

#[test]
fn a_disabled_user_has_no_session_and_there_is_always_somebody_who_administers() {
    on_each_database(async |world| {
        let (root, ann) = (user(&world, "root").await, account(&world, "ann", administrator()).await);
        session(&world, &ann.user, "anns", 100, 10).await;
        let disabled = Rights { disabled: true, ..administrator() };
        let done = world.store.account_update(ann.user.id, 1, disabled.clone(), by("root", 20)).await.unwrap();
        assert!(matches!(done, AccountChange::Done(_)), "{done:?}");
        session(&world, &ann.user, "again", 100, 20).await;
        assert_eq!(whose(&world, "again", 0, 30).await, None);
        for rights in [disabled, of("editor", &[])] {
            let refused = world.store.account_update(root.id, 1, rights, by("root", 30)).await.unwrap();
            assert_eq!(refused, AccountChange::LastAdministrator);
        }
        assert_eq!(
            world.store.account_delete(root.id, by("root", 31)).await.unwrap(),
            AccountChange::LastAdministrator
        );
        assert_eq!(world.store.account_get(root.id).await.unwrap().unwrap().user, root);
        assert!(matches!(
            world.store.account_delete(ann.user.id, by("root", 32)).await.unwrap(),
            AccountChange::Done(_)
        ));
        assert_eq!(world.store.account_delete(ann.user.id, by("root", 33)).await.unwrap(), AccountChange::NotFound);
    });
}

#[test]
fn of_two_administrators_who_demote_each_other_at_once_one_stays() {
    on_each_database(async |world| {
        let (one, two) = (user(&world, "one").await, user(&world, "two").await);
        let demote = |id| world.store.account_update(id, 1, of("viewer", &[]), by("root", 20));
        let both = futures_util::future::join(demote(one.id), demote(two.id)).await;
        let left = world.store.account_list().await.unwrap();
        assert_eq!(left.iter().filter(|account| account.user.role == "administrator").count(), 1, "{both:?}");
    });
}

#[test]
fn the_sessions_of_a_user_are_listed_newest_first_and_ended_by_their_name() {
    on_each_database(async |world| {
        let (ann, bob) = (user(&world, "ann").await, user(&world, "bob").await);
        session(&world, &ann, "first", 100, 10).await;
        session(&world, &ann, "second", 100, 20).await;
        session(&world, &bob, "bobs", 100, 20).await;
        let listed = world.store.session_list(ann.id, at(0), at(30)).await.unwrap();
        let names: Vec<&str> = listed.iter().map(|session| session.token_hash.as_str()).collect();
        assert_eq!((names, listed[0].created_at, listed[0].expires_at), (vec!["second", "first"], at(20), at(100)));
        assert!(world.store.session_list(ann.id, at(15), at(30)).await.unwrap().len() == 1, "the first one is idle");
        assert!(!world.store.session_end(ann.id, "bobs".into()).await.unwrap());
        assert!(world.store.session_end(ann.id, "first".into()).await.unwrap());
        assert!(!world.store.session_end(ann.id, "first".into()).await.unwrap());
        assert_eq!(whose(&world, "bobs", 0, 30).await.as_deref(), Some("bob"));
    });
}

#[test]
fn lists_can_be_narrowed_to_what_a_reader_may_see() {
    on_each_database(async |world| {
        let (one, two) = (world.executor("one").await, world.executor("two").await);
        let (mine, theirs) = (world.job(one, "a").await.job.id, world.job(two, "b").await.job.id);
        let within = |executors: &[ExecutorId]| Some(executors.to_vec());
        let page = async |within| {
            let filter = JobFilter { within, ..JobFilter::default() };
            let found = world.store.job_page(filter, hzm_job_store::Cursor::Newest, 10).await.unwrap().rows;
            found.into_iter().map(|stored| stored.job.id).collect::<Vec<_>>()
        };
        assert_eq!(page(None).await, [theirs, mine]);
        assert_eq!(page(within(&[one])).await, [mine]);
        assert!(page(within(&[])).await.is_empty());
        assert_eq!(world.store.job_counts_of(vec![one]).await.unwrap().all, 1);
        assert_eq!(world.store.job_counts_of(Vec::new()).await.unwrap().all, 0);
        assert_eq!(world.store.job_executor(theirs).await.unwrap(), Some(two));
        assert_eq!(world.store.job_executor(hzm_job_scheduler::JobId(99)).await.unwrap(), None);
    });
}

/// Somebody for whom a directory vouches (known by name), or a provider (known by subject).
pub(crate) fn guest(origin: &'static str, subject: &str, name: &str, rights: Rights) -> Guest {
    Guest { origin, subject: subject.into(), name: name.into(), by_name: origin == "ldap", rights }
}

pub(crate) fn known(entered: Entered) -> User {
    match entered {
        Entered::Known(user) => user,
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_others_vouch_for_comes_about_once_and_gets_new_rights_with_a_new_login() {
    on_each_database(async |world| {
        let store = &world.store;
        store.account_create(new("root", administrator()), None, at(0)).await.unwrap();
        let viewer = Rights { role: "viewer".into(), executors: None, disabled: false };
        let first = known(
            store.guest_enter(&guest("ldap", "cn=Ann,ou=a", "Ann", viewer.clone()), &by("Ann", 1)).await.unwrap(),
        );
        // It was moved in the directory.
        let again = known(
            store.guest_enter(&guest("ldap", "cn=Ann,ou=b", "Ann", viewer.clone()), &by("Ann", 2)).await.unwrap(),
        );
        assert_eq!((first.id, first.version), (again.id, again.version), "nothing changed");
        assert!(!first.is_local() && first.role == "viewer");
        let editor = Rights { role: "editor".into(), ..viewer.clone() };
        let more = known(store.guest_enter(&guest("ldap", "cn=Ann,ou=b", "Ann", editor), &by("Ann", 3)).await.unwrap());
        assert_eq!((more.id, more.version, more.role.as_str()), (first.id, first.version + 1, "editor"));
        let log = store.operation_page(Cursor::Newest, 10).await.unwrap().rows;
        assert_eq!(log.iter().map(|done| done.action.as_str()).collect::<Vec<_>>(), ["update", "create"]);
        let stranger = guest("oidc", "17", "Ann", viewer.clone());
        assert_eq!(store.guest_enter(&stranger, &by("Ann", 4)).await.unwrap(), Entered::NameTaken);
        let bob = known(store.guest_enter(&guest("oidc", "18", "Bob", viewer.clone()), &by("Bob", 5)).await.unwrap());
        let renamed =
            known(store.guest_enter(&guest("oidc", "18", "Robert", viewer.clone()), &by("Bob", 6)).await.unwrap());
        assert_eq!((renamed.id, renamed.name.as_str()), (bob.id, "Bob"), "known by what the provider calls it");
    });
}

#[test]
fn whoever_is_disabled_here_or_has_the_name_of_another_is_not_let_in_whatever_others_say() {
    on_each_database(async |world| {
        let store = &world.store;
        let all = Rights { role: "administrator".into(), executors: None, disabled: false };
        store.account_create(new("root", all.clone()), None, at(0)).await.unwrap();
        assert_eq!(
            store.guest_enter(&guest("ldap", "x", "root", all.clone()), &by("root", 1)).await.unwrap(),
            Entered::NameTaken
        );
        let ann = known(store.guest_enter(&guest("ldap", "x", "ann", all.clone()), &by("ann", 2)).await.unwrap());
        let kept_out = Rights { disabled: true, ..all.clone() };
        assert!(matches!(
            store.account_update(ann.id, 1, kept_out, by("root", 3)).await.unwrap(),
            AccountChange::Done(_)
        ));
        assert_eq!(
            store.guest_enter(&guest("ldap", "x", "ann", all.clone()), &by("ann", 4)).await.unwrap(),
            Entered::Disabled
        );
        // An administrator of the directory is none that the last local one can leave it to.
        let bob = known(store.guest_enter(&guest("ldap", "y", "bob", all.clone()), &by("bob", 5)).await.unwrap());
        assert!(bob.role == "administrator");
        let root = store.user_by_name("root".into()).await.unwrap().unwrap();
        assert_eq!(store.account_delete(root.id, by("bob", 6)).await.unwrap(), AccountChange::LastAdministrator);
        let nowhere = Rights { executors: Some([ExecutorId(99)].into()), role: "viewer".into(), disabled: false };
        assert_eq!(
            store.guest_enter(&guest("ldap", "z", "cid", nowhere), &by("cid", 7)).await.unwrap(),
            Entered::NoExecutor
        );
    });
}

#[test]
fn accounts_are_not_changed_by_somebody_who_was_changed_since_it_was_let_in() {
    on_each_database(async |world| {
        let store = &world.store;
        user(&world, "root").await;
        let (eve, ann) = (user(&world, "eve").await, user(&world, "ann").await);
        let asked = |version| By { account: Some((eve.id, version)), ..by("eve", 30) };
        let kept_out = Rights { disabled: true, ..administrator() };
        assert!(matches!(
            store.account_update(eve.id, 1, kept_out, by("root", 20)).await.unwrap(),
            AccountChange::Done(_)
        ));
        for version in [1, 2] {
            let made =
                store.account_create(new("mallory", administrator()), Some(asked(version)), at(30)).await.unwrap();
            assert_eq!(made, Change::Stale { version });
            let changed = store.account_update(ann.id, 1, of("viewer", &[]), asked(version)).await.unwrap();
            assert_eq!(changed, AccountChange::Overtaken);
            assert_eq!(store.account_delete(ann.id, asked(version)).await.unwrap(), AccountChange::Overtaken);
            let asks = asked(version).account;
            assert!(
                !store.user_set_password((ann.id, 1), ("x".into(), true), None, by("ann", 30), asks).await.unwrap()
            );
        }
        assert_eq!(store.user_by_name("mallory".into()).await.unwrap(), None);
        assert_eq!(store.account_get(ann.id).await.unwrap().unwrap().user, ann);
        let by_ann = By { account: Some((ann.id, 1)), ..by("ann", 40) };
        let made = store.account_create(new("bob", of("viewer", &[])), Some(by_ann.clone()), at(40)).await.unwrap();
        let bob = done(made).user;
        let changed = store.account_update(bob.id, 1, of("editor", &[]), by_ann.clone()).await.unwrap();
        assert!(matches!(changed, AccountChange::Done(_)), "{changed:?}");
        assert!(matches!(store.account_delete(ann.id, by_ann).await.unwrap(), AccountChange::Done(_)), "itself");
    });
}
