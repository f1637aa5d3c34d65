//! Language and theme.

use crate::support::Stage;

#[actix_web::test]
async fn the_language_changes_by_a_form_and_comes_back_to_the_same_page() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    let page = reader.post("/preferences", &[("lang", "zh-CN"), ("back", "/jobs?text=a")]).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/jobs?text=a"));
    assert_eq!(page.cookies, ["lang=zh-CN"]);
}

#[actix_web::test]
async fn a_language_or_theme_that_is_none_changes_nothing() {
    let stage = Stage::start().await;
    let fields = [("lang", "tlh"), ("theme", "neon"), ("back", "//evil.example")];
    let page = stage.stranger("en").post("/preferences", &fields).await;
    assert_eq!((page.location.as_str(), page.cookies.len()), ("/", 0));
}

#[actix_web::test]
async fn an_address_that_is_none_gets_a_page_in_the_readers_language() {
    let stage = Stage::start().await;
    let page = stage.stranger("zh-CN").get("/nowhere").await;
    assert_eq!(page.status, 404);
    page.assert_sound("/nowhere", "zh-CN");
    let gone = stage.reader("en").await.get("/jobs/4711").await;
    assert!(gone.status == 404 && gone.text.contains("There is no such page"), "{}", gone.text);
}

#[actix_web::test]
async fn a_filter_that_cannot_be_read_is_named() {
    let stage = Stage::start().await;
    let reader = stage.reader("en").await;
    for path in
        ["/jobs?executor=abc", "/runs?state=abc", "/runs?job=abc", "/runs/clear?rule=abc", "/operations?before=abc"]
    {
        let page = reader.get(path).await;
        assert!(page.status == 400 && page.text.contains("=abc"), "{path}: {} {}", page.status, page.text);
    }
}
