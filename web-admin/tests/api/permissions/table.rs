//! The table of `docs/permissions.md`: who may call which address.

use actix_web::http::Method;
use hzm_job_admin::access::{Need, Permission, Role};
use hzm_job_admin::gate::Endpoint;
use hzm_job_admin::{routes, ui};

const DOCUMENT: &str = include_str!("../../../../docs/permissions.md");

/// A row of the table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) method: Method,
    pub(super) path: String,
    /// Whether strangers may call it.
    pub(super) stranger: bool,
    /// The roles that may call it for what is on their executors, the one that may least first.
    pub(super) roles: Vec<Role>,
    /// What becomes of it for what is not on their executors.
    pub(super) elsewhere: Elsewhere,
}

/// What an address is to somebody who does not see everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Elsewhere {
    /// It does not concern executors.
    Same,
    /// What is on other executors is left out, or is as if it did not exist.
    Hidden,
    /// Refused.
    Refused,
}

impl Elsewhere {
    fn words(self) -> &'static str {
        match self {
            Elsewhere::Same => "–",
            Elsewhere::Hidden => "does not exist",
            Elsewhere::Refused => "refused",
        }
    }
}

/// All addresses with what they declare: those of the API, then the pages.
pub(super) fn endpoints() -> Vec<(String, Endpoint)> {
    let of_api = routes::api().into_iter().map(|endpoint| (format!("/api/v1{}", endpoint.path), endpoint));
    let pages = ui::pages().into_iter().map(|endpoint| (endpoint.path.to_owned(), endpoint));
    let plain = |path: String| path.replace(r":\d{1,18}", "").replace(":.*", "");
    of_api.chain(pages).map(|(path, endpoint)| (plain(path), endpoint)).collect()
}

/// The table as the declarations have it.
pub(super) fn declared() -> String {
    let head = "| method | address | stranger | viewer | operator | editor | administrator | on executors not granted |\n\
                | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    let rows = endpoints().into_iter().map(|(path, endpoint)| {
        let least = match endpoint.need {
            Need::Nothing | Need::Own | Need::First | Need::Person | Need::Login => Permission::View,
            Need::On(_, permission) | Need::Somewhere(permission) | Need::Everywhere(permission) => permission,
        };
        let elsewhere = match endpoint.need {
            Need::Nothing | Need::Own | Need::First | Need::Person => Elsewhere::Same,
            Need::Login | Need::On(..) | Need::Somewhere(_) => Elsewhere::Hidden,
            Need::Everywhere(_) => Elsewhere::Refused,
        };
        let mark = |may: bool| if may { "yes" } else { "" };
        let roles = Role::ALL.map(|role| format!(" {} |", mark(role.holds(least)))).concat();
        let stranger = mark(endpoint.need == Need::Nothing);
        format!("| {} | `{path}` | {stranger} |{roles} {} |\n", endpoint.method, elsewhere.words())
    });
    head.to_owned() + &rows.collect::<String>()
}

/// The rows of the document.
pub(super) fn rows() -> Vec<Row> {
    let lines = DOCUMENT.lines().filter(|line| line.contains("| `/"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [method, path, stranger, roles @ .., elsewhere] = cells.as_slice() else { panic!("{line}") };
        let may = Role::ALL.into_iter().zip(roles).filter(|(_, mark)| **mark == "yes").map(|(role, _)| role);
        let of_words = |known: &Elsewhere| known.words() == *elsewhere;
        let known = [Elsewhere::Same, Elsewhere::Hidden, Elsewhere::Refused];
        Row {
            method: method.parse().unwrap(),
            path: path.trim_matches('`').to_owned(),
            stranger: *stranger == "yes",
            roles: may.collect(),
            elsewhere: known.into_iter().find(of_words).unwrap_or_else(|| panic!("{line}")),
        }
    };
    lines.map(row).collect()
}

#[test]
fn the_table_of_permissions_is_what_the_addresses_declare() {
    let declared = declared();
    assert!(DOCUMENT.contains(&declared), "docs/permissions.md must have this table:\n{declared}");
    assert_eq!(rows().len(), endpoints().len());
}
