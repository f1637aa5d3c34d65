//! Names of users: one to each, however its letters are written.

use crate::chain::meddle;
use crate::support::{at, by, on_each_database};
use crate::users::{administrator, guest, known, new, of, user};
use hzm_job_store::account_change::AccountChange;
use hzm_job_store::account_guest::Entered;
use hzm_job_store::outcome::Change;

#[test]
fn a_user_is_found_by_name_and_names_are_unique() {
    on_each_database(async |world| {
        assert_eq!(world.store.user_count().await.unwrap(), 0);
        let ann = user(&world, "ann").await;
        assert_eq!(world.store.user_by_name("ann".into()).await.unwrap(), Some(ann));
        assert_eq!(world.store.user_by_name("bob".into()).await.unwrap(), None);
        let again = world.store.account_create(new("ann", administrator()), None, at(2)).await.unwrap();
        assert_eq!(again, Change::Taken);
        assert_eq!(world.store.user_count().await.unwrap(), 1);
    });
}

#[test]
fn a_name_is_one_on_each_database_however_its_letters_are_written() {
    on_each_database(async |world| {
        let store = &world.store;
        let (angry, admin) = (user(&world, "Ärger").await, user(&world, "admin").await);
        for (spelling, meant) in [
            ("ärger", &angry),
            ("A\u{308}RGER", &angry),
            ("ａｄｍｉｎ", &admin),
            ("AD\u{ad}MIN ", &admin),
            ("Ärger", &angry),
        ] {
            assert_eq!(store.user_like(spelling).await.unwrap().as_ref(), Some(meant), "{spelling}");
            let alike = store.account_create(new(spelling, administrator()), None, at(2)).await.unwrap();
            assert_eq!(alike, Change::Taken, "{spelling}");
            let outsider = guest("oidc", spelling, spelling, of("viewer", &[]));
            assert_eq!(store.guest_enter(&outsider, &by("x", 3)).await.unwrap(), Entered::NameTaken, "{spelling}");
        }
        for other in ["arger", "admin2", ""] {
            assert_eq!(store.user_like(other).await.unwrap(), None, "{other}");
        }
        assert!(matches!(store.account_delete(angry.id, by("root", 4)).await.unwrap(), AccountChange::Done(_)));
        user(&world, "ÄRGER").await;
    });
}

#[test]
fn users_from_before_whose_names_are_one_keep_them_and_no_third_one_comes_to_them() {
    on_each_database(async |world| {
        let store = &world.store;
        let outsider =
            known(store.guest_enter(&guest("ldap", "x", "one", of("viewer", &[])), &by("x", 1)).await.unwrap());
        let (ann, _) = (user(&world, "two").await, user(&world, "other").await);
        // As an older version left them.
        for (id, name) in [(outsider.id, "Ärger"), (ann.id, "ärger")] {
            let sql = format!("UPDATE user_account SET name = '{name}', folded = NULL, twin = 0 WHERE id = {id}");
            meddle(&world, &sql);
        }
        for _ in 0..2 {
            store.names_fold().await.unwrap();
            assert_eq!(
                store.user_like("ÄRGER").await.unwrap().unwrap().id,
                ann.id,
                "who has a password here comes first"
            );
        }
        for (name, id) in [("Ärger", outsider.id), ("ärger", ann.id)] {
            assert_eq!(store.user_by_name(name.into()).await.unwrap().unwrap().id, id);
        }
        let third = async || store.account_create(new("ÄRGER", administrator()), None, at(2)).await.unwrap();
        assert_eq!(third().await, Change::Taken);
        for gone in [outsider.id, ann.id] {
            assert_eq!(third().await, Change::Taken);
            assert!(matches!(store.account_delete(gone, by("root", 4)).await.unwrap(), AccountChange::Done(_)));
        }
        assert!(matches!(third().await, Change::Done(_)));
    });
}
