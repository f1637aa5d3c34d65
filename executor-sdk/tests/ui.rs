//! What a mistaken `#[job]` is told: one named mistake per file in `tests/ui`, with our words beside it.
//!
//! Mistakes that only the compiler can find (a wrong return type, parameters that cannot be deserialized) are not here:
//! its words change from version to version.

#[test]
fn each_mistake_is_told_where_it_is_and_what_would_be_right() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
