//! Lists of jobs: filters, searches, pages both ways, counts.

use crate::support::{World, by, done, on_each_database};
use hzm_job_scheduler::job::JobDraft;
use hzm_job_scheduler::{ExecutorId, JobId};
use hzm_job_store::job_list::{JobCounts, JobFilter};
use hzm_job_store::page::{Cursor, LARGEST_PAGE};

async fn names(world: &World, filter: JobFilter) -> Vec<String> {
    let page = world.store.job_page(filter, Cursor::Newest, 50).await.unwrap();
    page.rows.into_iter().map(|row| row.job.spec.draft().name.clone()).collect()
}

fn containing(text: &str) -> JobFilter {
    JobFilter { text: Some(text.into()), ..JobFilter::default() }
}

async fn jobs(world: &World, executor: ExecutorId, count: usize) -> Vec<JobId> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(world.job(executor, &format!("job {number}")).await.job.id);
    }
    ids
}

#[test]
fn a_list_shows_the_newest_first_and_leaves_deleted_ones_out() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let ids = jobs(&world, executor, 3).await;
        done(world.store.job_delete(ids[1], by("ann", 1)).await.unwrap());
        assert_eq!(names(&world, JobFilter::default()).await, ["job 2", "job 0"]);
    });
}

#[test]
fn filters_narrow_a_list_together() {
    on_each_database(async |world| {
        let (one, two) = (world.executor("one").await, world.executor("two").await);
        let started = world.job(one, "started").await.job.id;
        world.job(one, "stopped").await;
        world.job(two, "foreign").await;
        done(world.store.job_enable(started, true, by("ann", 1)).await.unwrap());
        let of_one = JobFilter { executor: Some(one), ..JobFilter::default() };
        assert_eq!(names(&world, of_one.clone()).await, ["stopped", "started"]);
        assert_eq!(names(&world, JobFilter { enabled: Some(true), ..of_one.clone() }).await, ["started"]);
        assert_eq!(
            names(&world, JobFilter { enabled: Some(false), ..JobFilter::default() }).await,
            ["foreign", "stopped"]
        );
        assert!(
            names(&world, JobFilter { enabled: Some(true), executor: Some(two), ..JobFilter::default() })
                .await
                .is_empty()
        );
    });
}

#[test]
fn a_search_looks_at_name_handler_and_owner() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        let draft = JobDraft {
            handler: "invoiceTask".into(),
            owner: "finance".into(),
            ..JobDraft::new(executor, "月报 monthly")
        };
        done(world.store.job_create(draft.check().unwrap(), by("ann", 0)).await.unwrap());
        world.job(executor, "other").await;
        for text in ["month", "月报", "invoice", "nanc", "MONTHLY"] {
            assert_eq!(names(&world, containing(text)).await, ["月报 monthly"], "searching {text}");
        }
        assert!(names(&world, containing("weekly")).await.is_empty());
    });
}

#[test]
fn wildcards_and_quotes_in_a_search_mean_themselves() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        for name in ["100% sure", "100 sure", "a_b", "axb", "back\\slash", "it's"] {
            world.job(executor, name).await;
        }
        for (text, found) in [("0%", "100% sure"), ("a_b", "a_b"), ("k\\s", "back\\slash"), ("t's", "it's")] {
            assert_eq!(names(&world, containing(text)).await, [found], "searching {text}");
        }
    });
}

#[test]
fn pages_lead_through_all_jobs_and_back() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        jobs(&world, executor, 5).await;
        let page = async |cursor| world.store.job_page(JobFilter::default(), cursor, 2).await.unwrap();
        let first = page(Cursor::Newest).await;
        assert_eq!(first.newer, None);
        let second = page(first.older.unwrap()).await;
        let third = page(second.older.unwrap()).await;
        let told = |page: &hzm_job_store::Page<hzm_job_store::job::StoredJob>| -> Vec<String> {
            page.rows.iter().map(|row| row.job.spec.draft().name.clone()).collect()
        };
        assert_eq!(
            (told(&first), told(&second), told(&third)),
            (
                vec!["job 4".to_owned(), "job 3".into()],
                vec!["job 2".to_owned(), "job 1".into()],
                vec!["job 0".to_owned()],
            )
        );
        assert_eq!(third.older, None);
        let back = page(third.newer.unwrap()).await;
        assert_eq!(told(&back), told(&second));
        let front = page(back.newer.unwrap()).await;
        assert_eq!((told(&front), front.newer), (told(&first), None));
    });
}

#[test]
fn a_page_is_never_empty_by_request_nor_larger_than_allowed() {
    on_each_database(async |world| {
        let executor = world.executor("billing").await;
        jobs(&world, executor, 2).await;
        for wanted in [i64::MIN, -1, 0, 1] {
            let page = world.store.job_page(JobFilter::default(), Cursor::Newest, wanted).await.unwrap();
            assert_eq!(page.rows.len(), 1, "wanted {wanted}");
        }
        assert_eq!(hzm_job_store::page::size(i64::MAX), LARGEST_PAGE);
        let all = world.store.job_page(JobFilter::default(), Cursor::Newest, i64::MAX).await.unwrap();
        assert_eq!(all.rows.len(), 2);
    });
}

#[test]
fn counts_leave_deleted_jobs_out() {
    on_each_database(async |world| {
        let (one, two) = (world.executor("one").await, world.executor("two").await);
        let ids = jobs(&world, one, 3).await;
        jobs(&world, two, 1).await;
        done(world.store.job_enable(ids[0], true, by("ann", 1)).await.unwrap());
        done(world.store.job_enable(ids[1], true, by("ann", 1)).await.unwrap());
        done(world.store.job_delete(ids[1], by("ann", 2)).await.unwrap());
        assert_eq!(world.store.job_counts().await.unwrap(), JobCounts { all: 3, enabled: 1 });
        let mut by_executor = world.store.job_counts_by_executor().await.unwrap();
        by_executor.sort();
        assert_eq!(by_executor, vec![(one, 2), (two, 1)]);
    });
}
