//! The configuration as a user writes it, and what he is told when he errs.

use super::*;
use std::collections::HashSet;

const EXAMPLE: &str = include_str!("../../../hzm-job.example.yaml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, "hzm-job.yaml", std::iter::empty())
}

fn refusal(text: &str) -> String {
    parse(text).expect_err("must be refused").to_string()
}

fn with_variable(name: &str, value: &str) -> Result<Config, ConfigError> {
    Config::from_environment([(name.to_owned(), value.to_owned())].into_iter())
}

#[test]
fn the_example_file_is_the_default_configuration() {
    assert_eq!(parse(EXAMPLE).unwrap(), Config::default());
}

#[test]
fn the_example_file_names_every_key() {
    for (key, _) in every_key() {
        let name = key.rsplit('.').next().unwrap();
        let is_named = EXAMPLE.lines().any(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{name}:")));
        assert!(is_named, "{key} is missing in hzm-job.example.yaml");
    }
}

#[test]
fn every_key_has_a_variable_of_its_own() {
    let keys = every_key();
    let names: HashSet<String> = keys.iter().map(|(key, _)| environment::variable(key)).collect();
    assert_eq!(names.len(), keys.len());
    assert!(names.contains("HZM_JOB_ADMIN_HTTP_KEEP_ALIVE") && names.contains("HZM_JOB_COMMON_LOG_TYPE"), "{names:?}");
}

#[test]
fn the_documentation_names_every_key() {
    let page = include_str!("../../../docs/configuration.md");
    for (key, _) in every_key() {
        let short = key.trim_start_matches("hzm.job.");
        assert!(page.contains(&format!("`{short}`")), "{short} is missing in docs/configuration.md");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_its_neighbour() {
    let said = refusal("hzm:\n  job:\n    admin:\n      prot: 8888\n");
    assert_eq!(said, "hzm-job.yaml line 4: hzm.job.admin.prot is not a known key; did you mean port?");
}

#[test]
fn a_value_of_the_wrong_kind_is_answered_with_the_right_kind_and_no_type_name() {
    let said = refusal("hzm:\n  job:\n    admin:\n      port: 99999\n");
    assert_eq!(said, "hzm-job.yaml line 4: hzm.job.admin.port: give a whole number from 0 to 65535");
    let said = refusal("hzm:\n  job:\n    admin:\n      threads: -1\n");
    assert_eq!(said, "hzm-job.yaml line 4: hzm.job.admin.threads: give a whole number from 0 to 65535");
    let said = refusal("hzm:\n  job:\n    admin:\n      session:\n        secureCookie: maybe\n");
    assert_eq!(said, "hzm-job.yaml line 5: hzm.job.admin.session.secureCookie: give true or false");
}

#[test]
fn a_value_in_a_text_that_is_json_is_told_with_its_key() {
    let told = "hzm-job.yaml line 1: hzm.job.admin.threads: give a whole number from 0 to 65535";
    assert_eq!(refusal(r#"{"hzm":{"job":{"admin":{"threads":"abc"}}}}"#), told);
    assert_eq!(refusal("{hzm: {job: {admin: {port: 1, threads: abc}}}}"), told);
}

#[test]
fn a_key_given_twice_is_told_to_be_so() {
    let said = refusal("hzm:\n  job:\n    admin:\n      port: 1\n      port: 2\n");
    assert_eq!(said, "hzm-job.yaml line 5: hzm.job.admin.port: stands here for the second time; keep one of them");
}

#[test]
fn a_value_where_a_section_belongs_is_told_to_be_so() {
    let said = refusal("hzm:\n  job:\n    admin:\n      session: 5m\n");
    assert!(said.starts_with("hzm-job.yaml line 4: hzm.job.admin.session: takes keys of its own"), "{said}");
}

#[test]
fn an_impossible_value_is_named_with_its_line() {
    let said = refusal("hzm:\n  job:\n    admin:\n      port: 70000\n");
    assert!(said.starts_with("hzm-job.yaml line 4: hzm.job.admin.port: "), "{said}");
    let said = refusal("hzm:\n  job:\n    common:\n      log:\n        level: loud\n");
    assert!(said.contains("line 5") && said.contains("debug, info, warn, error"), "{said}");
    let said = refusal("hzm:\n  job:\n    admin:\n      session:\n        idle: soon\n");
    assert!(said.contains("line 5") && said.contains("12h"), "{said}");
}

#[test]
fn a_value_out_of_range_is_named_with_its_line() {
    let said = refusal("hzm:\n  job:\n    admin:\n      scheduling:\n        beatEveryMs: 1\n");
    assert!(said.starts_with("hzm-job.yaml line 5: hzm.job.admin.scheduling.beatEveryMs: 1 is out of range"), "{said}");
    let said = refusal(
        "hzm:\n  job:\n    admin:\n      supervision:\n        job:\n          backoff:\n            jitter: 2\n",
    );
    assert!(said.contains("line 7") && said.contains("supervision.job.backoff.jitter"), "{said}");
}

#[test]
fn a_misspelt_restart_policy_stops_the_start() {
    let said = refusal("hzm:\n  job:\n    admin:\n      supervision:\n        job:\n          maxRestart: 2\n");
    assert!(said.contains("line 6") && said.contains("did you mean maxRestarts?"), "{said}");
}

/// The block of the original's own configuration.
const ORIGINAL: &str = "hzm:\n  job:\n    admin:\n      port: 8888\n      mysql:\n        host: localhost\n        \
    port: 3306\n        username: root\n        password: p4ss@word\n        dbname: hzm_job\n";

#[test]
fn the_originals_database_is_served_as_it_stands() {
    assert_eq!(parse(ORIGINAL).unwrap().admin.database_url(), "mysql://root:p4ss%40word@localhost:3306/hzm_job");
    let shown = format!("{:?}", parse(ORIGINAL).unwrap());
    assert!(!shown.contains("p4ss"), "{shown}");
}

#[test]
fn a_database_that_is_named_twice_is_refused_with_both_names() {
    let said = refusal(&format!("{ORIGINAL}      database:\n        url: mysql://root:p4ss@db/hzm_job\n"));
    assert!(said.contains("line 5") && said.contains("hzm.job.admin.mysql"), "{said}");
    assert!(said.contains("hzm.job.admin.database.url") && !said.contains("p4ss"), "{said}");
}

#[test]
fn a_database_that_cannot_be_is_refused_with_its_line() {
    let said = refusal("hzm:\n  job:\n    admin:\n      mysql:\n        host: db\n        username: root\n");
    assert!(said.contains("line 4: hzm.job.admin.mysql.dbname: give the name"), "{said}");
    let said = refusal("hzm:\n  job:\n    admin:\n      database:\n        url: oracle://ann:s3cret@db\n");
    assert!(said.contains("line 5") && said.contains("postgres://") && !said.contains("s3cret"), "{said}");
    let said = refusal("hzm:\n  job:\n    admin:\n      database:\n        poolSize: 1\n");
    assert!(said.contains("line 5") && said.contains("2 to 64"), "{said}");
}

#[test]
fn a_url_that_cannot_be_read_is_refused_with_its_line_and_without_its_parts() {
    for (url, words) in [
        ("mysql://sched:p@ss/w#1@127.0.0.1:20402/sched", "percent-encoded"),
        ("postgres://sched:pw@db:99999/x", "invalid port"),
        ("mysql://sched:pw@db", "no database"),
        ("mysql://sched:pw@db/x?ssl=true", "sslmode"),
        ("postgres://sched:pw@db/x?sslmode=maybe", "verify-full"),
    ] {
        let said = refusal(&format!("hzm:\n  job:\n    admin:\n      database:\n        url: \"{url}\"\n"));
        assert!(said.starts_with("hzm-job.yaml line 5: hzm.job.admin.database.url: "), "{url}: {said}");
        assert!(said.contains(words) && !said.contains("ss/w") && !said.contains("pw"), "{url}: {said}");
    }
}

#[test]
fn authorities_for_tls_are_refused_where_no_certificate_is_checked() {
    let text = |url: &str| {
        format!("hzm:\n  job:\n    admin:\n      database:\n        url: {url}\n        tlsCa: /etc/ca.pem\n")
    };
    assert!(
        parse(&text("postgres://ann@db/x")).is_ok() && parse(&text("mysql://ann@db/x?sslmode=verify-full")).is_ok()
    );
    assert!(refusal(&text("mysql://ann@db/x?sslmode=require")).contains("line 5: hzm.job.admin.database.url: tlsCa"));
    assert!(refusal(&text("sqlite://x")).contains("line 6: hzm.job.admin.database.tlsCa: "));
}

#[test]
fn the_originals_block_can_say_how_the_way_is_secured_and_names_its_own_keys_in_refusals() {
    let config = parse(&ORIGINAL.replace("dbname: hzm_job", "dbname: hzm_job\n        sslmode: require")).unwrap();
    assert!(config.admin.database_url().ends_with("/hzm_job?sslmode=require"));
    let said = refusal(&ORIGINAL.replace("dbname: hzm_job", "dbname: hzm_job\n        sslmode: maybe"));
    assert!(said.contains("line 11: hzm.job.admin.mysql.sslmode: give disable"), "{said}");
    let said = refusal(&ORIGINAL.replace("host: localhost", "host: 127.0.0.1:20402"));
    assert!(said.contains("line 6: hzm.job.admin.mysql.host: ") && said.contains("mysql.port"), "{said}");
}

#[test]
fn a_block_whose_keys_are_all_commented_out_is_refused_rather_than_meaning_the_embedded_database() {
    let said = refusal("hzm:\n  job:\n    admin:\n      mysql:\n      #  host: db\n      port: 8888\n");
    assert!(said.contains("line 4") && said.contains("hzm.job.admin.mysql"), "{said}");
}

#[test]
fn what_a_file_leaves_out_may_come_from_the_environment() {
    let text = "hzm:\n  job:\n    admin:\n      mysql:\n        host: db\n        username: root\n";
    let variables = [("HZM_JOB_ADMIN_MYSQL_DBNAME", "jobs"), ("HZM_JOB_ADMIN_MYSQL_PASSWORD", "x y")];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::parse(text, "x", variables.into_iter()).unwrap();
    assert_eq!(config.admin.database_url(), "mysql://root:x%20y@db:3306/jobs");
    let url = with_variable("HZM_JOB_ADMIN_DATABASE_URL", "postgres://ann@db/jobs").unwrap().admin.database_url();
    assert_eq!(url, "postgres://ann@db/jobs");
    assert_eq!(with_variable("HZM_JOB_ADMIN_DATABASE_POOL_SIZE", "3").unwrap().admin.database.pool_size, 3);
}

#[test]
fn no_message_shows_a_password() {
    let said = refusal("hzm:\n  job:\n    admin:\n      password: [s3cret]\n");
    assert!(said.contains("line 4") && !said.contains("s3cret"), "{said}");
    let config = parse("hzm:\n  job:\n    admin:\n      password: s3cretive\n").unwrap();
    assert!(!format!("{config:?}").contains("s3cretive"));
}

#[test]
fn the_executors_part_of_a_shared_file_is_tolerated() {
    assert!(parse("hzm:\n  job:\n    client:\n      port: 7777\n      appKey: x\n").is_ok());
}

#[test]
fn an_empty_file_means_the_defaults() {
    assert_eq!(parse("# nothing\n").unwrap(), Config::default());
}

#[test]
fn what_is_no_yaml_is_refused_with_its_line() {
    assert!(refusal("hzm:\n  job: [\n").starts_with("hzm-job.yaml"));
    assert!(refusal("just a text").starts_with("hzm-job.yaml"));
}

#[test]
fn a_variable_wins_over_the_file() {
    let variables = [("HZM_JOB_ADMIN_PORT".to_owned(), "9999".to_owned())];
    let config = Config::parse("hzm: {job: {admin: {port: 1}}}", "x", variables.into_iter()).unwrap();
    assert_eq!(config.admin.port, 9999);
    assert_eq!(with_variable("HZM_JOB_ADMIN_PASSWORD", "12345678").unwrap().admin.password.0, "12345678");
    assert_eq!(with_variable("HZM_JOB_COMMON_LOG_LEVEL", "debug").unwrap().common.log.level, LogLevel::Debug);
    assert!(with_variable("HZM_JOB_ADMIN_DEBUG_FAULT_INJECTION", "true").unwrap().admin.debug.fault_injection);
}

#[test]
fn an_unknown_variable_stops_the_start_and_foreign_ones_do_not() {
    let said = with_variable("HZM_JOB_ADMIN_PROT", "1").unwrap_err().to_string();
    assert!(said.contains("HZM_JOB_ADMIN_PROT") && said.contains("HZM_JOB_ADMIN_PORT"), "{said}");
    assert!(with_variable("HZM_JOB_APP_KEY", "x").is_ok() && with_variable("HZM_JOB_ADMIN", "http://x").is_ok());
}

#[test]
fn an_impossible_variable_is_named() {
    for (name, value) in [
        ("HZM_JOB_ADMIN_PORT", "eighty"),
        ("HZM_JOB_ADMIN_PORT", "70000"),
        ("HZM_JOB_ADMIN_SESSION_IDLE", "soon"),
        ("HZM_JOB_ADMIN_LISTEN", "localhost"),
        ("HZM_JOB_ADMIN_OTHERWISE", "viewer"),
        ("HZM_JOB_ADMIN_GROUPS", "x"),
        ("HZM_JOB_ADMIN_EGRESS_ALLOW", "10.0.0.0/33"),
    ] {
        let said = with_variable(name, value).unwrap_err().to_string();
        assert!(said.starts_with(&format!("environment variable {name}: ")), "{said}");
        assert!(!said.contains("u16") && !said.contains("sequence"), "{said}");
    }
}

#[test]
fn of_a_variable_that_nobody_set_it_is_said_that_the_key_is_missing() {
    let said = with_variable("HZM_JOB_ADMIN_MYSQL_HOST", "db").unwrap_err().to_string();
    assert!(said.contains("hzm.job.admin.mysql.username: give the user"), "{said}");
    assert!(said.ends_with("(as a variable: HZM_JOB_ADMIN_MYSQL_USERNAME)"), "{said}");
    let directory = [("HZM_JOB_ADMIN_LDAP_ADDR", "ldaps://dir"), ("HZM_JOB_ADMIN_LDAP_DC", "dc=x")];
    let directory = directory.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let said = Config::from_environment(directory.clone().into_iter()).unwrap_err().to_string();
    assert!(said.contains("hzm.job.admin.groups: nobody would be let in") && said.contains("-f"), "{said}");
    let said = Config::parse("hzm: {job: {admin: {port: 1}}}", "x", directory.into_iter()).unwrap_err().to_string();
    assert!(said.starts_with("x line 1: hzm.job.admin.groups: nobody"), "{said}");
    let url = [("HZM_JOB_ADMIN_DATABASE_URL", "mysql://ann@db/x"), ("HZM_JOB_ADMIN_MYSQL_HOST", "db")];
    let url = url.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let said = Config::from_environment(url.into_iter()).unwrap_err().to_string();
    assert!(said.starts_with("environment variable HZM_JOB_ADMIN_MYSQL_HOST: the database is named twice"), "{said}");
}

const DIRECTORY: &str = "hzm:\n  job:\n    admin:\n      ldap: {addr: \"ldaps://dir\", dc: \"dc=x\"}\n      groups:\n";

#[test]
fn a_mistake_in_a_rule_is_told_with_its_line() {
    for (rules, line, problem) in [
        (
            "        - group: a\n          role: viewer\n        - group: b\n          role: operater\n",
            9,
            "groups[1].role: ",
        ),
        ("      - group: a\n        role: operater\n", 7, "groups[0].role: "),
        ("        - {group: a, role: viewer}\n        - {group: b, role: operater}\n", 7, "groups[1].role: "),
        (
            "        - group: a\n          role: viewer\n          executors: billing\n",
            8,
            "groups[0].executors: give a list, such as [billing]",
        ),
        (
            "        - {group: a, role: viewer, executors: billing}\n",
            6,
            "groups[0].executors: give a list, such as [billing]",
        ),
        ("        - {group: a, roll: viewer}\n", 6, "roll is not a known key; did you mean role?"),
        ("        - {group: a}\n", 6, "groups[0]: role is missing"),
    ] {
        let said = refusal(&format!("{DIRECTORY}{rules}"));
        assert!(said.starts_with(&format!("hzm-job.yaml line {line}: ")) && said.contains(problem), "{said}");
    }
}

#[test]
fn networks_and_scopes_may_be_written_as_lists() {
    let text = "hzm:\n  job:\n    admin:\n      egress: {allow: [10.0.0.0/8, 192.0.2.1]}\n      http:\n        trustedProxies:\n        - 10.0.0.5\n";
    let config = parse(text).unwrap().admin;
    assert_eq!(config.egress.allow.to_string(), "10.0.0.0/8, 192.0.2.1/32");
    assert_eq!(config.http.trusted_proxies.to_string(), "10.0.0.5/32");
    let provider = "{issuer: \"https://x\", clientId: a, redirectUrl: \"https://y/login/oidc/callback\", scopes: [profile, groups]}";
    let text = format!("hzm:\n  job:\n    admin:\n      otherwise: viewer\n      oidc: {provider}\n");
    assert_eq!(parse(&text).unwrap().admin.oidc.scopes, "profile groups");
}

#[test]
fn a_bad_network_and_a_bad_length_of_time_are_told_with_their_key_and_the_place_once() {
    for (text, start) in [
        (
            "      egress: {allow: [10.0.0.0/33]}\n",
            "hzm-job.yaml line 4: hzm.job.admin.egress.allow: \"10.0.0.0/33\" is no network",
        ),
        ("      egress:\n        allow: {a: b}\n", "hzm-job.yaml line 5: hzm.job.admin.egress.allow: give networks"),
        (
            "      http: {keepAlive: soon}\n",
            "hzm-job.yaml line 4: hzm.job.admin.http.keepAlive: \"soon\" is not a length",
        ),
        ("      http:\n        keepAlive: [1s]\n", "hzm-job.yaml line 5: hzm.job.admin.http.keepAlive: give one text"),
    ] {
        let said = refusal(&format!("hzm:\n  job:\n    admin:\n{text}"));
        assert!(said.starts_with(start) && said.matches("line").count() == 1 && !said.contains("column"), "{said}");
    }
}

#[test]
fn the_line_end_after_a_secret_is_not_part_of_it() {
    let key = "0a".repeat(32);
    for end in ["", "\n", "\r\n"] {
        let config = with_variable("HZM_JOB_ADMIN_KEY", &format!("{key}{end}")).unwrap();
        assert_eq!(config.admin.key.0, key);
        let config = with_variable("HZM_JOB_ADMIN_PASSWORD", &format!(" with blanks {end}")).unwrap();
        assert_eq!(config.admin.password.0, " with blanks ");
    }
    assert!(with_variable("HZM_JOB_ADMIN_KEY", &format!(" {key} ")).is_ok(), "as in the file");
    let config = parse(&format!("hzm:\n  job:\n    admin:\n      key: |\n        {key}\n")).unwrap();
    assert_eq!(config.admin.key.0, key);
}

#[test]
fn the_first_user_is_called_like_nothing_that_a_program_would_write() {
    for name in ["root (command line)", "ad\u{200b}min", " admin", ""] {
        let said = with_variable("HZM_JOB_ADMIN_USER", name).expect_err(name).to_string();
        assert!(said.contains("HZM_JOB_ADMIN_USER") && said.contains("1 to 128 characters"), "{said}");
    }
    assert!(with_variable("HZM_JOB_ADMIN_USER", "管理员").is_ok());
}
