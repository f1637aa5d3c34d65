use super::Spelling::{AnyCase, Exact};
use super::*;
use proptest::prelude::*;

fn rule(group: &str, role: Role, executors: &[&str]) -> Rule {
    let keys = (!executors.is_empty()).then(|| executors.iter().map(|key| (*key).to_owned()).collect());
    Rule { group: group.to_owned(), role, executors: keys }
}

fn groups(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn only(keys: &[&str]) -> Executors {
    Executors::Only(keys.iter().map(|key| (*key).to_owned()).collect())
}

#[test]
fn the_highest_role_and_the_executors_of_all_matching_rules_are_given() {
    let rules = vec![
        rule("billing", Role::Operator, &["billing"]),
        rule("reports", Role::Viewer, &["reports", "archive"]),
        rule("root", Role::Administrator, &[]),
    ];
    let mapping = Mapping { rules, otherwise: None };
    let both = Grant { role: Role::Operator, executors: only(&["archive", "billing", "reports"]) };
    assert_eq!(mapping.grant(&groups(&["reports", "billing", "football"]), AnyCase), Some(both));
    let all = Grant { role: Role::Administrator, executors: Executors::All };
    assert_eq!(mapping.grant(&groups(&["reports", "root"]), AnyCase), Some(all));
}

#[test]
fn whom_no_rule_knows_may_not_log_in_unless_there_is_something_for_everybody() {
    let mut mapping = Mapping { rules: vec![rule("ops", Role::Operator, &[])], otherwise: None };
    assert_eq!(mapping.grant(&groups(&["football"]), AnyCase), None);
    assert_eq!(mapping.grant(&[], AnyCase), None);
    mapping.otherwise = Some(Grant { role: Role::Viewer, executors: only(&["demo"]) });
    assert_eq!(mapping.grant(&[], AnyCase), mapping.otherwise);
    let operator = mapping.grant(&groups(&["ops"]), AnyCase).unwrap();
    assert_eq!(operator.role, Role::Operator, "what is for everybody else is not added to what a rule gives");
}

#[test]
fn a_group_of_a_directory_is_the_same_in_capitals_and_a_part_of_its_name_is_another_group() {
    let dn = "cn=Ops,ou=Groups,dc=example,dc=org";
    let mapping = Mapping { rules: vec![rule(dn, Role::Editor, &[])], otherwise: None };
    assert!(mapping.grant(&groups(&["CN=ops,OU=groups,DC=example,DC=org"]), AnyCase).is_some());
    for other in ["cn=Ops,ou=Groups,dc=example", "Ops", "", "*", "cn=Ops,ou=Groups,dc=example,dc=orgs"] {
        assert_eq!(mapping.grant(&groups(&[other]), AnyCase), None, "{other}");
    }
}

#[test]
fn a_group_of_a_provider_is_another_one_in_capitals() {
    let mapping = Mapping { rules: vec![rule("admins", Role::Administrator, &[])], otherwise: None };
    assert!(mapping.grant(&groups(&["admins"]), Exact).is_some());
    for other in ["Admins", "ADMINS", "admin"] {
        assert_eq!(mapping.grant(&groups(&[other]), Exact), None, "{other}");
        assert!(!Exact.is_among("admins", &groups(&[other])));
    }
    assert!(AnyCase.is_among("admins", &groups(&["Admins"])));
}

#[test]
fn rules_that_cannot_be_meant_are_named_by_their_place() {
    let check = |rules: Vec<Rule>| Mapping { rules, otherwise: None }.check();
    assert_eq!(check(vec![rule("a", Role::Viewer, &[]), rule("b", Role::Editor, &["x"])]), Ok(()));
    let problem = check(vec![rule("a", Role::Viewer, &[]), rule("  ", Role::Viewer, &[])]).unwrap_err();
    assert_eq!(problem.to_string(), "rules: rule 2: name the group");
    let none = Rule { executors: Some(BTreeSet::new()), ..rule("a", Role::Viewer, &[]) };
    assert!(check(vec![none]).unwrap_err().advice.contains("names no executor"));
    assert!(check(vec![rule("a", Role::Viewer, &["x", " "])]).is_err());
    assert!(check(vec![rule("a", Role::Viewer, &[]); MOST_RULES + 1]).is_err());
}

#[test]
fn each_role_is_found_by_its_word_and_no_other() {
    for role in Role::ALL {
        assert_eq!(Role::of(role.word()), Some(role));
    }
    for word in ["", "Administrator", "root", "admin"] {
        assert_eq!(Role::of(word), None, "{word:?}");
    }
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let keys = proptest::option::of(proptest::collection::btree_set("[a-d]", 1..3));
    ("[a-f]", 0..4_usize, keys).prop_map(|(group, role, executors)| Rule { group, role: Role::ALL[role], executors })
}

fn any_mapping() -> impl Strategy<Value = Mapping> {
    proptest::collection::vec(any_rule(), 0..8).prop_map(|rules| Mapping { rules, otherwise: None })
}

fn any_groups() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-f]", 0..6)
}

fn includes(more: &Executors, less: &Executors) -> bool {
    match (more, less) {
        (Executors::All, _) => true,
        (Executors::Only(_), Executors::All) => false,
        (Executors::Only(more), Executors::Only(less)) => less.is_subset(more),
    }
}

proptest! {
    #[test]
    fn nobody_gets_a_role_or_an_executor_that_no_rule_of_their_groups_gives(mapping in any_mapping(), groups in any_groups()) {
        let matching: Vec<&Rule> = mapping.rules.iter().filter(|rule| groups.contains(&rule.group)).collect();
        match mapping.grant(&groups, AnyCase) {
            None => prop_assert!(matching.is_empty()),
            Some(grant) => {
                prop_assert_eq!(Some(grant.role), matching.iter().map(|rule| rule.role).max());
                match grant.executors {
                    Executors::All => prop_assert!(matching.iter().any(|rule| rule.executors.is_none())),
                    Executors::Only(keys) => {
                        let given: BTreeSet<String> = matching.iter().flat_map(|rule| rule.executors.clone().unwrap()).collect();
                        prop_assert_eq!(keys, given);
                    }
                }
            }
        }
    }

    #[test]
    fn another_group_never_takes_anything_away(mapping in any_mapping(), groups in any_groups(), more in "[a-f]") {
        let before = mapping.grant(&groups, AnyCase);
        let after = mapping.grant(&[groups, vec![more]].concat(), AnyCase);
        if let Some(before) = before {
            let after = after.unwrap();
            prop_assert!(after.role >= before.role && includes(&after.executors, &before.executors));
        }
    }

    #[test]
    fn neither_the_order_of_groups_nor_that_of_rules_matters(mapping in any_mapping(), groups in any_groups()) {
        let mut turned = mapping.clone();
        turned.rules.reverse();
        let mut others = groups.clone();
        others.reverse();
        prop_assert_eq!(mapping.grant(&groups, AnyCase), turned.grant(&others, AnyCase));
    }
}
