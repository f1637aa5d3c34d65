//! The journey itself, once per language. Pages are found by their addresses and field names, which no language changes; states are
//! found by their words, so that a page in the wrong language fails.

use fantoccini::Locator;
use hzmjob::{Executor, ExecutorHandle, JobContext, JobResult, job};

use crate::admin::{PASSWORD, ProcessAdmin, USER};
use crate::page::Page;

/// What tells one language from the other.
pub(crate) struct Words {
    /// As the document and the switch of languages call it.
    tag: &'static str,
    /// The executor's name, to see that any letters come back as typed.
    name: &'static str,
    jobs: &'static str,
    every_second: &'static str,
    online: &'static str,
    running: &'static str,
    succeeded: &'static str,
    cancelled: &'static str,
}

pub(crate) const ENGLISH: Words = Words {
    tag: "en",
    name: "<First> day & night",
    jobs: "Jobs",
    every_second: "every second",
    online: "online",
    running: "running",
    succeeded: "succeeded",
    cancelled: "cancelled",
};

pub(crate) const CHINESE: Words = Words {
    tag: "zh-CN",
    name: "第一天 <报表>",
    jobs: "任务",
    every_second: "每秒",
    online: "在线",
    running: "运行中",
    succeeded: "成功",
    cancelled: "已终止",
};

/// Ends at once.
#[job("say-hello")]
async fn say_hello(run: JobContext) -> JobResult {
    run.message("hello, browser");
    Ok(())
}

/// Ends when it is cancelled.
#[job("hold-on")]
async fn hold_on(run: JobContext) -> JobResult {
    run.cancelled().await;
    Err("cancelled as asked".into())
}

/// One person's first day.
pub(crate) struct Journey<'p> {
    page: &'p Page<'p>,
    words: &'static Words,
    admin: &'p ProcessAdmin,
}

impl<'p> Journey<'p> {
    pub(crate) fn new(page: &'p Page<'p>, words: &'static Words, admin: &'p ProcessAdmin) -> Journey<'p> {
        Journey { page, words, admin }
    }

    /// From the login page to the logout.
    pub(crate) async fn travel(&self) {
        self.log_in().await;
        let secret = self.make_executor().await;
        let executor = self.start_executor(&secret);
        self.see_the_node().await;
        self.run_by_schedule_and_stop().await;
        self.run_by_hand_and_cancel().await;
        executor.close().await.unwrap();
        self.log_out().await;
    }

    async fn log_in(&self) {
        self.page.open("/login").await;
        self.page.press(&format!("form[action='/preferences'] button[value='{}']", self.words.tag)).await;
        self.page.see(&format!("html[lang='{}']", self.words.tag)).await;
        self.page.fill("input[name=name]", USER).await;
        self.page.fill("input[name=password]", PASSWORD).await;
        assert_eq!(self.page.press_and_leave("form[action='/login'] button").await, "/");
        assert!(self.page.text("nav a[href='/jobs']").await.contains(self.words.jobs));
    }

    /// Answers the secret, which is shown once.
    async fn make_executor(&self) -> String {
        self.page.open("/executors/new").await;
        self.page.fill("input[name=name]", self.words.name).await;
        self.page.fill("input[name=app_key]", &self.app_key()).await;
        self.page.press("form[action='/executors/new'] button.primary").await;
        self.page.see("#secret").await;
        let secret = self.page.text("#secret").await;
        assert_eq!(secret.len(), 43, "32 bytes in base64url: {secret:?}");
        secret
    }

    fn start_executor(&self, secret: &str) -> ExecutorHandle {
        let callbacks = self.admin.workplace(&self.app_key());
        Executor::builder(self.app_key())
            .admin(self.admin.address())
            .secret(secret)
            .bind("127.0.0.1:0")
            .data_dir(callbacks)
            .logger(slog::Logger::root(slog::Discard, slog::o!()))
            .job::<say_hello>()
            .job::<hold_on>()
            .spawn()
            .unwrap()
    }

    async fn see_the_node(&self) {
        self.page.open("/executors").await;
        let path = self.page.follow(Locator::LinkText(self.words.name)).await;
        self.page.open_until_pill(&path, self.words.online).await;
    }

    async fn run_by_schedule_and_stop(&self) {
        let job = self.make_job("say-hello", Some("* * * * * ?")).await;
        self.page.press(&format!("form[action='{job}/start'] button")).await;
        self.page.open_until_pill(&format!("{job}/runs"), self.words.succeeded).await;
        self.page.open(&job).await;
        self.page.press(&format!("form[action='{job}/stop'] button")).await;
        // What can be started again has stopped.
        self.page.see(&format!("form[action='{job}/start'] button")).await;
    }

    async fn run_by_hand_and_cancel(&self) {
        let job = self.make_job("hold-on", None).await;
        self.page.open(&format!("{job}/run")).await;
        let run = self.page.press_and_leave(&format!("form[action='{job}/run'] button.primary")).await;
        assert!(run.starts_with("/runs/"), "an ordered run is shown, not {run}");
        self.page.open_until_pill(&run, self.words.running).await;
        self.page.press(&format!("details:has(form[action='{run}/cancel']) summary")).await;
        self.page.press(&format!("form[action='{run}/cancel'] button")).await;
        self.page.open_until_pill(&run, self.words.cancelled).await;
    }

    /// Fills the job's form and answers the address of the job that it made.
    async fn make_job(&self, handler: &str, cron: Option<&str>) -> String {
        self.page.open("/jobs/new").await;
        self.page.fill("input[name=name]", &format!("{} {handler}", self.words.name)).await;
        self.page.choose("select[name=executor]", self.words.name).await;
        self.page.fill("input[name=handler]", handler).await;
        match cron {
            Some(cron) => {
                self.page.fill("input[name='schedule.expression']", cron).await;
                self.page.see_text("#preview", self.words.every_second).await;
            }
            None => self.page.choose_value("[name='schedule.kind']", "manual").await,
        }
        let job = self.page.press_and_leave("form[action='/jobs/new'] button.primary").await;
        assert!(job.starts_with("/jobs/"), "a saved job is shown, not {job}");
        job
    }

    async fn log_out(&self) {
        self.page.open("/account").await;
        self.page.press("details:has(form[action='/logout']) summary").await;
        assert_eq!(self.page.press_and_leave("form[action='/logout'] button").await, "/login");
    }

    fn app_key(&self) -> String {
        format!("journey-{}", self.words.tag)
    }
}
