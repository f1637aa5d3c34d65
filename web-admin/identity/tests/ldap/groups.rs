//! The groups of a user.

use crate::world::{World, let_in};
use hzm_job_identity::ldap::LdapSettings;

/// What the groups are called, their DNs left out.
async fn plain(settings: &LdapSettings, user: &str, password: &str) -> Vec<String> {
    let groups = let_in(settings, user, password).await.groups;
    groups.into_iter().filter(|group| !group.contains("dc=")).collect()
}

#[tokio::test]
async fn groups_come_from_the_users_entry_and_from_groups_that_have_the_user_as_a_member() {
    let Some(world) = World::start() else { return };
    for settings in [world.settings(), world.searching("cn")] {
        let own = LdapSettings { group_members: false, ..settings.clone() };
        assert_eq!(plain(&own, "Alice", "wonderland").await, ["Dev, Team", "Ops"], "memberOf");
        let members = LdapSettings { member_of: false, ..settings.clone() };
        let expected = ["Club", "Dev, Team", "Ops", "unix"];
        assert_eq!(plain(&members, "Alice", "wonderland").await, expected, "member, uniqueMember, memberUid");
        assert_eq!(plain(&settings, "Alice", "wonderland").await, expected, "both, each once");
        let none = LdapSettings { member_of: false, group_members: false, ..settings };
        assert!(let_in(&none, "Alice", "wonderland").await.groups.is_empty());
    }
}

#[tokio::test]
async fn a_group_is_told_by_its_dn_as_well() {
    let Some(world) = World::start() else { return };
    let settings = LdapSettings { group: "ou=dev,ou=people".into(), ..world.settings() };
    let groups = let_in(&settings, "Bob", "builder").await.groups;
    assert_eq!(groups.iter().filter(|group| *group == "Dev, Team").count(), 1);
    // How a comma is escaped is the directory's choice.
    let is_dn = |group: &&String| group.ends_with(" Team,ou=groups,dc=example,dc=org");
    assert!(groups.iter().any(|group| is_dn(&group)), "{groups:?}");
}

#[tokio::test]
async fn groups_are_searched_where_the_settings_say_and_nobody_goes_to_another_directory() {
    let Some(world) = World::start() else { return };
    // Below `dc` stands a reference to a directory that does not answer; to follow it would take all the time there is.
    assert_eq!(plain(&world.settings(), "alice", "wonderland").await.len(), 4);
    let apart = LdapSettings { group_base: Some("ou=guests,dc=example,dc=org".into()), ..world.settings() };
    assert!(let_in(&apart, "alice", "wonderland").await.groups.is_empty(), "memberOf or not, they are elsewhere");
    let there = LdapSettings { group_base: Some("OU=Groups, dc=example,dc=org".into()), ..world.settings() };
    assert_eq!(plain(&there, "alice", "wonderland").await.len(), 4);
}
