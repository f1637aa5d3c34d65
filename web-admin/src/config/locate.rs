//! Where in a YAML text a key stands, and which known words an unknown one is like; for messages only.
//!
//! Block style is understood, as people write configuration, with lists (`groups[0].role`), flow style (`{a: 1}`) within a line, and a
//! text that is flow style as a whole, as JSON is. Of other flow style that goes on over several lines no key is found, and the message
//! names the section around it.

/// A key or an item of a list, below which others may stand.
struct Open {
    depth: usize,
    path: String,
    /// It is an item of a list.
    is_item: bool,
    /// How many items it has had.
    items: usize,
}

/// What is found in a text, line after line.
#[derive(Default)]
struct Outline {
    open: Vec<Open>,
    /// Lines, counted from 1, each with a whole path: `(3, "hzm.job.admin")`.
    found: Vec<(u64, String)>,
}

impl Outline {
    fn of(text: &str) -> Outline {
        let mut outline = Outline::default();
        (1..).zip(text.lines()).for_each(|(number, line)| outline.read(number, line));
        outline
    }

    fn read(&mut self, number: u64, line: &str) {
        let mut rest = line.trim_start();
        while let Some(within) = rest.strip_prefix("- ").or_else(|| (rest == "-").then_some("")) {
            self.item(number, line.len() - rest.len());
            rest = within.trim_start();
        }
        if let Some(key) = key_of(rest) {
            self.key(number, line.len() - rest.len(), key);
        }
    }

    /// A list may stand as deep as its key: `groups:` and below it, no deeper, `- group: x`.
    fn item(&mut self, number: u64, depth: usize) {
        self.open.retain(|outer| outer.depth < depth || (outer.depth == depth && !outer.is_item));
        let Some(list) = self.open.last_mut() else { return };
        let path = format!("{}[{}]", list.path, list.items);
        list.items += 1;
        self.push(number, Open { depth, path, is_item: true, items: 0 });
    }

    fn key(&mut self, number: u64, depth: usize, key: &str) {
        self.open.retain(|outer| outer.depth < depth);
        let path = self.open.last().map_or_else(|| key.to_owned(), |outer| format!("{}.{key}", outer.path));
        self.push(number, Open { depth, path, is_item: false, items: 0 });
    }

    fn push(&mut self, number: u64, open: Open) {
        self.found.push((number, open.path.clone()));
        self.open.push(open);
    }
}

/// The key that a line begins with.
fn key_of(text: &str) -> Option<&str> {
    let (key, _) = text.split_once(':')?;
    let is_key = !key.starts_with(['#', '{', '[']) && !key.contains(char::is_whitespace);
    is_key.then(|| key.trim_matches(['"', '\'']))
}

/// The path of the key on a line, or of the one that stands there in flow style right before a column, both counted from 1.
pub(super) fn key_at(text: &str, line: u64, column: u64) -> Option<String> {
    let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
    let here = text.lines().nth(line.checked_sub(1)?)?;
    let before: String = here.chars().take(column.saturating_sub(1)).collect();
    let of_line = Outline::of(text).found.into_iter().rfind(|(number, _)| *number == line as u64);
    if let Some((_, of_line)) = of_line {
        return Some(format!("{of_line}{}", within_flow(&before)));
    }
    let above: Vec<&str> = text.lines().take(line - 1).filter(|line| !is_no_value(line)).collect();
    let whole = format!("{}\n{before}", above.join("\n"));
    // Only from the beginning of a text in flow style on is known what is open.
    whole.trim_start().starts_with('{').then(|| within_flow(&whole))?.strip_prefix('.').map(str::to_owned)
}

/// Whether a line is a comment, or begins the document.
fn is_no_value(line: &str) -> bool {
    line.trim_start().starts_with('#') || line.trim_end() == "---"
}

/// In the place of a key: a list in flow style.
const LIST: &str = "[";

/// What is open at the end of a piece of flow style: `.egress.allow` after `{port: 1, egress: {allow: [`.
fn within_flow(text: &str) -> String {
    let mut open: Vec<&str> = Vec::new();
    let (mut from, mut quoted) = (0, None);
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match (quoted, letter) {
            // What comes next does not end the text, whatever it is.
            (Some('"'), '\\') => {
                letters.next();
            }
            (Some(mark), _) => quoted = Some(mark).filter(|mark| *mark != letter),
            (None, '"' | '\'') => quoted = Some(letter),
            (None, '{') => open.push(""),
            (None, '[') => open.push(LIST),
            (None, '}' | ']') => {
                open.pop();
            }
            (None, ',') => {
                open.iter_mut().next_back().filter(|last| **last != LIST).into_iter().for_each(|last| *last = "")
            }
            (None, ':') => {
                let key = text.get(from..at).unwrap_or_default().trim().trim_matches(['"', '\'']);
                open.iter_mut().next_back().filter(|last| last.is_empty()).into_iter().for_each(|last| *last = key);
            }
            (None, _) => {}
        }
        if quoted.is_none() && "{,".contains(letter) {
            from = at + 1;
        }
    }
    open.iter().filter(|key| !key.is_empty() && **key != LIST).map(|key| format!(".{key}")).collect()
}

/// The line of a key, or of the nearest item or section around it that stands in the text.
pub(super) fn line_of_key(text: &str, key: &str) -> Option<u64> {
    let found = Outline::of(text).found;
    let mut wanted = key;
    loop {
        if let Some((line, _)) = found.iter().find(|(_, path)| path == wanted) {
            return Some(*line);
        }
        wanted = wanted.get(..wanted.rfind(['.', '['])?)?;
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
        assert_eq!(key_at(TEXT, 7, 1).as_deref(), Some("hzm.job.admin.mysql.host"));
        assert_eq!(key_at(TEXT, 8, 13).as_deref(), Some("hzm.job.common"));
        assert_eq!(key_at(TEXT, 1, 1), None);
        assert_eq!(key_at(TEXT, 99, 1), None);
    }

    #[test]
    fn in_a_list_and_in_flow_style_a_key_is_found_too() {
        let text = "a:\n  list:\n  - group: x\n    role: y\n  -\n    group: z\n  - {group: \"u: {,\", on: [v, w], role: t}\nb: {c: {d: 1}, e: 2}\n";
        for (line, column, path) in [
            (3, 12, "a.list[0].group"),
            (4, 11, "a.list[0].role"),
            (5, 3, "a.list[1]"),
            (6, 12, "a.list[1].group"),
            (7, 13, "a.list[2].group"),
            (7, 30, "a.list[2].on"),
            (7, 40, "a.list[2].role"),
            (8, 12, "b.c.d"),
            (8, 19, "b.e"),
        ] {
            assert_eq!(key_at(text, line, column).as_deref(), Some(path), "{line}:{column}");
        }
        assert_eq!(line_of_key(text, "a.list[0].role"), Some(4));
        assert_eq!(line_of_key(text, "a.list[2].role"), Some(7), "the item's line");
        assert_eq!(line_of_key(text, "a.list[9].role"), Some(2), "the list's line");
    }

    #[test]
    fn in_a_text_that_is_json_a_key_is_found_wherever_its_lines_end() {
        let text = r#"{"hzm":{"job":{"admin":{"password":"a\"{","ports":[1],"threads":"abc"}}}}"#;
        let column = text.find("\"abc").unwrap() as u64 + 1;
        assert_eq!(key_at(text, 1, column).as_deref(), Some("hzm.job.admin.threads"));
        assert_eq!(key_at(text, 1, 1), None);
        let lines = "# it's JSON\n{ \"hzm\":\n{ \"job\":\n{ \"admin\": {\n \"port\": 1, \"threads\":\n\"abc\" }}}}\n";
        assert_eq!(key_at(lines, 6, 1).as_deref(), Some("hzm.job.admin.threads"));
        assert_eq!(key_at("{a: {b: 1, c: d}}", 1, 15).as_deref(), Some("a.c"));
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
