//! Who is let in, under which name, and that a name is only ever a name.

use crate::world::{World, let_in, refusal};
use hzm_job_identity::ldap::LdapError;

#[tokio::test]
async fn the_right_password_lets_in_under_the_name_as_the_directory_spells_it() {
    let Some(world) = World::start() else { return };
    for settings in [world.settings(), world.searching("cn")] {
        for typed in ["Alice", "alice", "ALICE", " Alice "] {
            let identity = let_in(&settings, typed, "wonderland").await;
            assert_eq!(identity.name, "Alice", "{typed}");
            assert_eq!(identity.subject, "cn=Alice,ou=people,dc=example,dc=org");
        }
    }
    let identity = let_in(&world.searching("uid"), "ALICE", "wonderland").await;
    assert_eq!(identity.name, "alice", "by another attribute that is the name");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_told_the_same() {
    let Some(world) = World::start() else { return };
    for settings in [world.settings(), world.searching("cn")] {
        for (user, password) in
            [("Alice", "Wonderland"), ("Alice", " wonderland"), ("Nemo", "wonderland"), ("Nobody", "x"), ("Alice", "")]
        {
            assert_eq!(refusal(&settings, user, password).await, LdapError::WrongNameOrPassword, "{user} {password}");
        }
    }
}

#[tokio::test]
async fn an_empty_password_is_refused_before_anything_is_sent() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let settings = hzm_job_identity::ldap::LdapSettings {
        addr: listener.local_addr().unwrap().to_string(),
        dc: "dc=example,dc=org".into(),
        ..Default::default()
    };
    let too_long = "x".repeat(hzm_job_identity::ldap::LONGEST_PASSWORD + 1);
    for (user, password) in
        [("Alice", ""), ("", "x"), (" ", "x"), ("Al\0ice", "x"), ("Al\nice", "x"), ("Alice", &too_long)]
    {
        assert_eq!(refusal(&settings, user, password).await, LdapError::WrongNameOrPassword, "{user:?}");
    }
    assert!(listener.accept().is_err(), "nobody called the directory");
}

#[tokio::test]
async fn a_name_cannot_be_made_to_mean_anything_else() {
    let Some(world) = World::start() else { return };
    let attempts = [
        "*",
        "A*",
        "Al*ce",
        ")(uid=*",
        "Alice)(cn=*",
        "*)(objectClass=*",
        "Alice,ou=people",
        "Alice,ou=people,dc=example,dc=org",
        "Alice+uid=alice",
        "Alice\\",
        "Al\\69ce",
        "\\41lice",
        "#416c696365",
        "\"Alice\"",
        "Alice;x",
        "Alice=x",
        "cn=Alice",
    ];
    for settings in [world.settings(), world.searching("cn"), world.searching("uid")] {
        for attempt in attempts {
            let refused = refusal(&settings, attempt, "wonderland").await;
            assert_eq!(refused, LdapError::WrongNameOrPassword, "{attempt}");
        }
    }
}

#[tokio::test]
async fn a_name_of_commas_and_brackets_is_a_name_like_others() {
    let Some(world) = World::start() else { return };
    let name = "Smith, John (jr.) *";
    for settings in [world.settings(), world.searching("cn")] {
        assert_eq!(let_in(&settings, &name.to_lowercase(), "hello").await.name, name);
    }
    assert_eq!(let_in(&world.searching("uid"), "SMITH*", "hello").await.name, "smith*");
}

#[tokio::test]
async fn users_are_found_in_the_unit_that_the_settings_name_and_in_no_other() {
    let Some(world) = World::start() else { return };
    let mut settings = world.settings();
    for group in ["ou=dev,ou=people", "dev,people", " dev , people "] {
        settings.group = group.to_owned();
        settings.dc = if group.contains('=') { "dc=example,dc=org" } else { "example.org" }.to_owned();
        assert_eq!(let_in(&settings, "bob", "builder").await.name, "Bob");
        assert_eq!(refusal(&settings, "Alice", "wonderland").await, LdapError::WrongNameOrPassword);
    }
    let mut searching = world.searching("uid");
    searching.group = "ou=people".to_owned();
    assert_eq!(let_in(&searching, "bob", "builder").await.name, "bob", "a search looks below as well");
    assert_eq!(let_in(&searching, "twin", "same").await.subject, "cn=Twin,ou=people,dc=example,dc=org");
    assert_eq!(refusal(&searching, "mallory", "hidden").await, LdapError::WrongNameOrPassword);
}

#[tokio::test]
async fn a_name_that_two_entries_have_lets_nobody_in_and_somebody_should_look_at_it() {
    let Some(world) = World::start() else { return };
    let refused = refusal(&world.searching("uid"), "twin", "same").await;
    assert!(matches!(&refused, LdapError::Misconfigured(problem) if problem.key == "cnkey"), "{refused}");
    assert!(!refused.is_refusal());
}

#[tokio::test]
async fn another_name_in_an_entry_does_not_make_its_user_somebody_else() {
    let Some(world) = World::start() else { return };
    let eve = let_in(&world.searching("uid"), "root", "apple").await;
    assert_eq!(eve.name, "eve", "the name that the entry is named after");
    let refused = refusal(&world.searching("uid"), "admin", "hidden").await;
    assert!(matches!(&refused, LdapError::Misconfigured(problem) if problem.key == "cnkey"), "{refused}");
}
