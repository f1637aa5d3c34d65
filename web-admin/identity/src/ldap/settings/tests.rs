use super::*;

fn settings() -> LdapSettings {
    LdapSettings { addr: "ldaps://dir.example.org".into(), dc: "dc=example,dc=org".into(), ..LdapSettings::default() }
}

fn key(change: impl FnOnce(&mut LdapSettings)) -> &'static str {
    let mut settings = settings();
    change(&mut settings);
    settings.check().map_or_else(|problem| problem.key, |()| "")
}

#[test]
fn impossible_values_are_refused_by_their_keys() {
    assert_eq!(key(|_| ()), "");
    assert_eq!(key(|settings| settings.addr = "http://dir".into()), "addr");
    assert_eq!(key(|settings| settings.start_tls = true), "startTls");
    assert_eq!(key(|settings| settings.dc = String::new()), "dc");
    assert_eq!(key(|settings| settings.dc = "dc=example,,dc=org".into()), "dc");
    assert_eq!(key(|settings| settings.group = "ou=people,".into()), "group");
    assert_eq!(key(|settings| settings.group = "dev,,people".into()), "group");
    assert_eq!(key(|settings| settings.cnkey = "cn)(uid=*".into()), "cnkey");
    assert_eq!(key(|settings| settings.cnkey = "samaccountname".into()), "cnkey");
    assert_eq!(key(|settings| settings.group_base = Some("groups".into())), "groupBase");
    assert_eq!(key(|settings| settings.within = Duration::ZERO), "within");
    assert_eq!(key(|settings| settings.within = Duration::from_secs(61)), "within");
}

#[test]
fn whoever_searches_needs_a_name_and_a_password() {
    let reader = || Some("cn=reader,dc=example,dc=org".to_owned());
    assert_eq!(key(|settings| settings.bind_dn = reader()), "bindPassword");
    assert_eq!(key(|settings| settings.bind_password = Secret("x".into())), "bindPassword");
    let with =
        |settings: &mut LdapSettings| (settings.bind_dn, settings.bind_password) = (reader(), Secret("x".into()));
    assert_eq!(key(with), "");
    assert_eq!(
        key(|settings| {
            with(settings);
            settings.cnkey = "sAMAccountName".into();
        }),
        ""
    );
    assert_eq!(key(|settings| settings.bind_dn = Some("reader".into())), "bindDn");
}

#[test]
fn a_password_goes_to_another_machine_only_with_tls_or_where_it_was_allowed() {
    let plain = |settings: &mut LdapSettings| settings.addr = "ldap://dir.example.org".into();
    assert_eq!(key(plain), "addr");
    for allow in [
        (|settings: &mut LdapSettings| settings.start_tls = true) as fn(&mut LdapSettings),
        |settings| settings.allow_plain = true,
        |settings| settings.addr = "ldap://127.0.0.1".into(),
        |settings| settings.addr = "ldap://localhost:1389".into(),
    ] {
        assert_eq!(
            key(|settings| {
                plain(settings);
                allow(settings);
            }),
            ""
        );
    }
    let in_vain = |settings: &mut LdapSettings| {
        (settings.addr, settings.ca) = ("ldap://localhost".into(), Some("ca.pem".into()));
    };
    assert_eq!(key(in_vain), "ca");
}

#[test]
fn the_originals_ways_to_name_entries_are_understood() {
    let mut settings = settings();
    settings.group = "ou=dev, ou=people".into();
    assert_eq!(settings.user_dn("Ann"), "cn=Ann,ou=dev, ou=people,dc=example,dc=org");
    (settings.group, settings.dc) = ("dev, people".into(), "example.org".into());
    assert_eq!(settings.user_dn("a,b"), r"cn=a\2Cb,ou=dev,ou=people,dc=example,dc=org");
    settings.group = String::new();
    assert_eq!(settings.users_base(), "dc=example,dc=org");
    assert_eq!(settings.check(), Ok(()));
}

#[test]
fn the_password_of_the_searching_entry_is_not_shown() {
    let settings = LdapSettings { bind_password: Secret("s3cret".into()), ..settings() };
    assert!(!format!("{settings:?}").contains("s3cret"));
}
