//! What a person does on the first day, in a real browser, in both languages: log in, make an executor and a job, start it, see it
//! run, stop it, cancel a run.
//!
//! The admin is a real process, the executor the real SDK in this one. Without chromium and chromedriver the journey says by name
//! that it was skipped.

// Helpers outside `#[test]` functions count as test code for clippy only below this.
#![cfg(test)]

#[path = "process_support/admin.rs"]
mod admin;
#[path = "browser/driver.rs"]
mod driver;
#[path = "process_support/guard.rs"]
mod guard;
#[path = "browser/journey.rs"]
mod journey;
#[path = "browser/page.rs"]
mod page;

use std::io::Write;

use admin::ProcessAdmin;
use driver::Browser;
use journey::{CHINESE, ENGLISH, Journey};
use page::Page;

#[actix_web::test]
async fn a_first_day_with_the_pages_in_both_languages() {
    let browser = match Browser::open().await {
        Ok(browser) => browser,
        Err(missing) => return skipped(missing),
    };
    let admin = ProcessAdmin::start("").await;
    let page = Page::new(&browser.window, admin.address());
    for words in [&ENGLISH, &CHINESE] {
        Journey::new(&page, words, &admin).travel().await;
    }
    browser.window.close().await.unwrap();
}

/// Said past the test harness, so that the suite counts it.
fn skipped(missing: &str) {
    writeln!(std::io::stdout(), "skipped: browser journey: {missing} not found").unwrap();
}
