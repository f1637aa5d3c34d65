//! A job's policies as sentences: what happens if something goes wrong, said once, on the job's page.

use super::{Words, span};
use hzm_job_scheduler::describe::Language;
use hzm_job_scheduler::job::{Delivery, JobDraft};
use hzm_job_scheduler::misfire::MisfirePolicy;
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::retry::{RetryNode, RetryOn, RetryPolicy};

impl Words {
    /// What becomes of late occurrences.
    pub(crate) fn misfire_sentence(&self, draft: &JobDraft) -> String {
        let limit = self.number(i64::from(draft.misfire_limit));
        let (en, zh) = match draft.misfire {
            MisfirePolicy::Skip => {
                ("None of the late occurrences is run".to_owned(), "迟到的触发一律不执行".to_owned())
            }
            MisfirePolicy::FireOnce => {
                ("Of late occurrences only the newest is run".to_owned(), "迟到的触发只补执行最近一次".to_owned())
            }
            MisfirePolicy::FireAll => (
                format!("Late occurrences are run, oldest first, at most the newest {limit}"),
                format!("迟到的触发从早到晚逐个补执行，最多执行最近 {limit} 次"),
            ),
        };
        let late = span::compact(draft.misfire_window_ms);
        match draft.misfire_window_ms {
            0 => format!("{}{}", self.pick(en, zh), self.pick(".", "。")),
            _ if draft.misfire == MisfirePolicy::Skip => format!("{}{}", self.pick(en, zh), self.pick(".", "。")),
            _ => self.pick(
                format!("{en}, and none that is more than {late} late."),
                format!("{zh}，迟到超过 {late} 的不执行。"),
            ),
        }
    }

    /// What becomes of a fire that meets an unfinished run.
    pub(crate) fn overlap_sentence(&self, draft: &JobDraft) -> String {
        let limit = self.number(i64::from(draft.overlap_limit));
        let (en, zh) = match draft.overlap {
            OverlapPolicy::Skip => (
                "A fire that meets a run still going is skipped.".to_owned(),
                "上一次运行尚未结束时，跳过新的触发。".to_owned(),
            ),
            OverlapPolicy::Queue => (
                format!("A fire that meets a run still going waits its turn; at most {limit} wait."),
                format!("上一次运行尚未结束时，新的触发排队等待，最多 {limit} 个。"),
            ),
            OverlapPolicy::Parallel => (
                format!("Runs go side by side, at most {limit} at a time."),
                format!("允许并行运行，同时最多 {limit} 个。"),
            ),
            OverlapPolicy::Replace => (
                "A fire that meets a run still going cancels it and takes its place.".to_owned(),
                "上一次运行尚未结束时，终止它并由新的触发取代。".to_owned(),
            ),
        };
        self.pick(en, zh)
    }

    /// How long a run may take.
    pub(crate) fn timeout_sentence(&self, timeout_ms: u64) -> String {
        let after = span::compact(timeout_ms);
        match timeout_ms {
            0 => self.pick("A run may take as long as it likes.", "运行时长不限。").to_owned(),
            _ => self.pick(format!("A run is ended after {after}."), format!("运行超过 {after} 即终止。")),
        }
    }

    /// What follows a run that did not succeed.
    pub(crate) fn retry_sentence(&self, draft: &JobDraft) -> String {
        let retry = &draft.retry;
        let reasons: Vec<&str> = self.retry_reasons(retry, draft.delivery);
        if retry.retries == 0 || reasons.is_empty() {
            return self.pick("Nothing is tried again.", "不重试。").to_owned();
        }
        let times = self.number(i64::from(retry.retries));
        let (first, longest) = (span::compact(retry.interval_ms), span::compact(retry.max_interval_ms));
        let node = self.retry_node(retry.node);
        match self.language {
            Language::En => format!(
                "A run that {} is tried again up to {times} time{}, first after {first}, then after ever longer pauses up \
                 to {longest}, {node}.",
                listed(&reasons, " or "),
                if retry.retries == 1 { "" } else { "s" },
            ),
            Language::Zh => format!(
                "运行{}后最多重试 {times} 次，首次等待 {first}，之后逐次延长，最长 {longest}，{node}。",
                listed(&reasons, "或")
            ),
        }
    }

    /// The outcomes that are in fact tried again: a lost run only where twice is better than never.
    fn retry_reasons(&self, retry: &RetryPolicy, delivery: Delivery) -> Vec<&'static str> {
        let wanted =
            |on: &RetryOn| retry.on.contains(on) && (*on != RetryOn::Lost || delivery == Delivery::AtLeastOnce);
        let word = |on: RetryOn| match on {
            RetryOn::Failed => self.pick("failed", "失败"),
            RetryOn::TimedOut => self.pick("timed out", "超时"),
            RetryOn::Lost => self.pick("got lost", "丢失"),
        };
        RetryOn::ALL.into_iter().filter(wanted).map(word).collect()
    }

    fn retry_node(&self, node: RetryNode) -> &'static str {
        match node {
            RetryNode::Any => self.pick("on any node", "由任意节点执行"),
            RetryNode::Other => self.pick("on another node where there is one", "优先换一个节点执行"),
            RetryNode::Same => self.pick("on the same node only", "仅由同一节点执行"),
        }
    }
}

/// "a, b or c".
fn listed(words: &[&str], or: &str) -> String {
    let comma = if or.trim() == "or" { ", " } else { "、" };
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{}{or}{last}", others.join(comma)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;
    use hzm_job_scheduler::ExecutorId;

    #[test]
    fn a_retry_names_what_it_follows_and_where_it_goes() {
        let retry = RetryPolicy { retries: 3, node: RetryNode::Other, ..RetryPolicy::default() };
        let draft = JobDraft { retry, ..JobDraft::new(ExecutorId(1), "x") };
        assert_eq!(
            words(Language::En).retry_sentence(&draft),
            "A run that failed, timed out or got lost is tried again up to 3 times, first after 10s, then after ever \
             longer pauses up to 10m, on another node where there is one."
        );
        assert_eq!(
            words(Language::Zh).retry_sentence(&draft),
            "运行失败、超时或丢失后最多重试 3 次，首次等待 10s，之后逐次延长，最长 10m，优先换一个节点执行。"
        );
        let once = JobDraft { delivery: Delivery::AtMostOnce, ..draft.clone() };
        assert!(!words(Language::En).retry_sentence(&once).contains("lost"), "an at-most-once job's loss stays one");
        let never = JobDraft { retry: RetryPolicy { on: Vec::new(), ..draft.retry.clone() }, ..draft };
        assert_eq!(words(Language::En).retry_sentence(&never), "Nothing is tried again.");
    }

    #[test]
    fn a_limit_and_a_window_are_told_where_they_matter() {
        let draft = JobDraft {
            misfire: MisfirePolicy::FireAll,
            misfire_window_ms: 7_200_000,
            ..JobDraft::new(ExecutorId(1), "x")
        };
        assert_eq!(
            words(Language::En).misfire_sentence(&draft),
            "Late occurrences are run, oldest first, at most the newest 100, and none that is more than 2h late."
        );
        let skip = JobDraft { misfire: MisfirePolicy::Skip, ..draft };
        assert_eq!(words(Language::Zh).misfire_sentence(&skip), "迟到的触发一律不执行。");
    }
}
