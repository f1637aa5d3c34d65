//! Where in a YAML text a key stands, and which known words an unknown one is like; for messages only.
//!
//! Block style is understood, as people write configuration. In flow style (`{a: 1}`) no key is found, and the message
//! names none.

/// The keys of a text with their lines, counted from 1, each as its whole path: `(3, "hzm.job.admin")`.
fn paths(text: &str) -> Vec<(u64, String)> {
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some((key, _)) = line.trim_start().split_once(':') else { continue };
        if key.starts_with(['#', '-', '{']) || key.contains(char::is_whitespace) {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        open.retain(|(outer, _)| *outer < depth);
        open.push((depth, key.trim_matches(['"', '\''])));
        found.push((number, open.iter().map(|(_, key)| *key).collect::<Vec<_>>().join(".")));
    }
    found
}

/// The path of the key on a line.
pub(super) fn key_on_line(text: &str, line: u64) -> Option<String> {
    paths(text).into_iter().find(|(number, _)| *number == line).map(|(_, path)| path)
}

/// The line of a key, or of the nearest section around it that stands in the text.
pub(super) fn line_of_key(text: &str, key: &str) -> Option<u64> {
    let paths = paths(text);
    let mut wanted = key;
    loop {
        if let Some((line, _)) = paths.iter().find(|(_, path)| path == wanted) {
            return Some(*line);
        }
        wanted = wanted.rsplit_once('.')?.0;
    }
}

/// `; did you mean port?`, or what is known when nothing is alike.
pub(super) fn suggestion(unknown: &str, known: &[impl AsRef<str>]) -> String {
    let likeness = |name: &str| strsim::jaro_winkler(&unknown.to_lowercase(), &name.to_lowercase());
    let mut near: Vec<(f64, &str)> = known.iter().map(|name| (likeness(name.as_ref()), name.as_ref())).collect();
    near.retain(|(likeness, _)| *likeness > 0.75);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, name)| name).collect();
    match (near.as_slice(), known.len()) {
        ([], 0..=24) => {
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            format!("; known here: {}", known.join(", "))
        }
        ([], _) => String::new(),
        (near, _) => format!("; did you mean {}?", near.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# head\nhzm:\n  job:\n    admin:\n      port: 1\n      mysql:\n        host: x\n    common: {}\n";

    #[test]
    fn a_line_is_named_by_the_whole_path_of_its_key() {
        assert_eq!(key_on_line(TEXT, 7).as_deref(), Some("hzm.job.admin.mysql.host"));
        assert_eq!(key_on_line(TEXT, 8).as_deref(), Some("hzm.job.common"));
        assert_eq!(key_on_line(TEXT, 1), None);
    }

    #[test]
    fn a_key_that_is_not_in_the_text_is_found_by_its_section() {
        assert_eq!(line_of_key(TEXT, "hzm.job.admin.mysql.host"), Some(7));
        assert_eq!(line_of_key(TEXT, "hzm.job.admin.session.idle"), Some(4));
        assert_eq!(line_of_key("", "hzm.job"), None);
    }

    #[test]
    fn near_names_are_suggested_the_nearest_first() {
        assert_eq!(suggestion("prot", &["port", "listen", "password"]), "; did you mean port?");
        assert_eq!(suggestion("zzz", &["port", "listen"]), "; known here: port, listen");
    }
}
