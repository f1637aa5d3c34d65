//! What a person does with a page: go, read, type, press. Each step waits until it can be done, within bounds.

use fantoccini::elements::Element;
use fantoccini::{Client, Locator};

use crate::guard::{PATIENCE, until};

/// The window of a person who uses one admin.
pub(crate) struct Page<'w> {
    window: &'w Client,
    admin: String,
}

impl<'w> Page<'w> {
    /// A person before this window, at the admin with this address.
    pub(crate) fn new(window: &'w Client, admin: String) -> Page<'w> {
        Page { window, admin }
    }

    /// Opens a path of the admin.
    pub(crate) async fn open(&self, path: &str) {
        self.window.goto(&format!("{}{path}", self.admin)).await.unwrap();
    }

    /// The path of the page that is shown, without query.
    pub(crate) async fn path(&self) -> String {
        self.window.current_url().await.unwrap().path().to_owned()
    }

    /// Waits for an element and answers it.
    pub(crate) async fn see(&self, css: &str) -> Element {
        let found = self.window.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} on {}: {error}\n{}", self.path().await, self.text("body").await),
        }
    }

    /// The visible text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        let element = self.window.find(Locator::Css(css)).await.unwrap();
        element.text().await.unwrap()
    }

    /// Replaces what stands in a field.
    pub(crate) async fn fill(&self, css: &str, value: &str) {
        let field = self.see(css).await;
        field.clear().await.unwrap();
        field.send_keys(value).await.unwrap();
    }

    /// Chooses an option of a list by the text it shows.
    pub(crate) async fn choose(&self, css: &str, label: &str) {
        self.see(css).await.select_by_label(label).await.unwrap();
    }

    /// Chooses an option of a list by the value it sends.
    pub(crate) async fn choose_value(&self, css: &str, value: &str) {
        self.see(css).await.select_by_value(value).await.unwrap();
    }

    /// Follows a link and answers the path that it leads to.
    pub(crate) async fn follow(&self, link: Locator<'_>) -> String {
        let link = self.window.wait().at_most(PATIENCE).for_element(link).await.unwrap();
        link.follow().await.unwrap();
        self.path().await
    }

    /// Waits until an element shows a text among others.
    pub(crate) async fn see_text(&self, css: &str, text: &str) {
        until(&format!("{css} shows {text:?}"), async || {
            let element = self.window.find(Locator::Css(css)).await.ok()?;
            element.text().await.ok()?.contains(text).then_some(())
        })
        .await;
    }

    /// Presses a button or a link.
    pub(crate) async fn press(&self, css: &str) {
        let button = self.see(css).await;
        if let Err(error) = button.click().await {
            panic!("cannot press {css} on {}: {error}", self.path().await);
        }
    }

    /// Presses a button and waits for another page, whose path it answers.
    pub(crate) async fn press_and_leave(&self, css: &str) -> String {
        let before = self.path().await;
        self.press(css).await;
        until(&format!("{css} leads away from {before}"), async || {
            let now = self.path().await;
            (now != before).then_some(now)
        })
        .await
    }

    /// Opens a path again and again until it shows a state by its word.
    pub(crate) async fn open_until_pill(&self, path: &str, word: &str) {
        let pill = format!("//*[contains(concat(' ', @class, ' '), ' pill ')][normalize-space() = '{word}']");
        until(&format!("{path} shows {word:?}"), async || {
            self.open(path).await;
            self.window.find(Locator::XPath(&pill)).await.ok().map(drop)
        })
        .await;
    }
}
