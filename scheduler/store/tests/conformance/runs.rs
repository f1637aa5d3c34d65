//! Lists of runs: every filter, pages both ways, strips, counts.

use crate::support::{World, at, by, change, due, ended, on_each_database};
use hzm_job_scheduler::run::{RunKind, RunState};
use hzm_job_scheduler::{ExecutorId, JobId, RunId};
use hzm_job_store::Page;
use hzm_job_store::ledger::NewRun;
use hzm_job_store::outcome::Change;
use hzm_job_store::page::Cursor;
use hzm_job_store::run::{Run, RunFilter};

const ONE: JobId = JobId(1);
const TWO: JobId = JobId(2);

async fn found(world: &World, filter: RunFilter) -> Vec<RunId> {
    ids(&world.store.run_page(filter, Cursor::Newest, 50).await.unwrap())
}

fn ids(page: &Page<Run>) -> Vec<RunId> {
    page.rows.iter().map(|run| run.id).collect()
}

#[test]
fn each_filter_narrows_a_list() {
    on_each_database(async |world| {
        let runs = world
            .open_all([
                due(ONE, 10),
                NewRun { executor: ExecutorId(2), ..due(TWO, 20) },
                NewRun { kind: RunKind::Manual, ..due(ONE, 30) },
                NewRun { node: Some("http://a:1".into()), state: RunState::Dispatched, ..due(TWO, 40) },
                ended(ONE, 50, RunState::Failed),
            ])
            .await;
        let pick = |indices: &[usize]| indices.iter().map(|index| runs[*index]).collect::<Vec<_>>();
        let all = RunFilter::default;
        let cases = [
            (all(), pick(&[4, 3, 2, 1, 0])),
            (RunFilter { job: Some(TWO), ..all() }, pick(&[3, 1])),
            (RunFilter { executor: Some(ExecutorId(2)), ..all() }, pick(&[1])),
            (RunFilter { states: vec![RunState::Failed], ..all() }, pick(&[4])),
            (RunFilter { states: vec![RunState::Failed, RunState::Dispatched], ..all() }, pick(&[4, 3])),
            (RunFilter { kind: Some(RunKind::Manual), ..all() }, pick(&[2])),
            (RunFilter { node: Some("http://a:1".into()), ..all() }, pick(&[3])),
            (RunFilter { from: Some(at(30)), ..all() }, pick(&[4, 3, 2])),
            (RunFilter { until: Some(at(30)), ..all() }, pick(&[1, 0])),
            (RunFilter { from: Some(at(20)), until: Some(at(50)), job: Some(TWO), ..all() }, pick(&[3, 1])),
            (RunFilter { job: Some(JobId(99)), ..all() }, Vec::new()),
        ];
        for (filter, expected) in cases {
            assert_eq!(found(&world, filter.clone()).await, expected, "{filter:?}");
        }
    });
}

#[test]
fn pages_lead_through_all_runs_and_back() {
    on_each_database(async |world| {
        let runs = world.open_all((0..5).flat_map(|number| [due(ONE, number), due(TWO, number)])).await;
        let mine: Vec<RunId> = runs.iter().step_by(2).rev().copied().collect();
        let filter = RunFilter { job: Some(ONE), ..RunFilter::default() };
        let page = async |cursor| world.store.run_page(filter.clone(), cursor, 2).await.unwrap();
        let first = page(Cursor::Newest).await;
        let second = page(first.older.unwrap()).await;
        let third = page(second.older.unwrap()).await;
        let walked: Vec<RunId> = [&first, &second, &third].into_iter().flat_map(ids).collect();
        assert_eq!((walked, first.newer, third.older), (mine, None, None));
        let back = page(third.newer.unwrap()).await;
        assert_eq!(ids(&back), ids(&second));
        let front = page(back.newer.unwrap()).await;
        assert_eq!((ids(&front), front.newer), (ids(&first), None));
    });
}

#[test]
fn a_page_below_the_first_run_is_empty() {
    on_each_database(async |world| {
        world.open_all([due(ONE, 1)]).await;
        let page = world.store.run_page(RunFilter::default(), Cursor::Before(0), 5).await.unwrap();
        assert_eq!((page.rows.len(), page.newer, page.older), (0, None, None));
    });
}

#[test]
fn a_strip_holds_the_last_runs_of_each_job() {
    on_each_database(async |world| {
        let runs = world.open_all([due(ONE, 1), due(TWO, 1), due(ONE, 2), due(ONE, 3)]).await;
        let strips = world.store.run_strips(vec![ONE, JobId(9), TWO], 2).await.unwrap();
        assert_eq!(strips.unknown, [], "all of the ledger was looked through");
        assert_eq!(strips.runs.iter().map(|run| run.id).collect::<Vec<_>>(), vec![runs[3], runs[2], runs[1]]);
    });
}

#[test]
fn runs_are_counted_by_state() {
    on_each_database(async |world| {
        let runs = world.open_all([due(ONE, 1), due(ONE, 2), ended(ONE, 3, RunState::Skipped)]).await;
        world.change(change(runs[0], RunState::Waiting, RunState::Dispatched, 4)).await;
        let count = async |states: &[RunState]| world.store.run_count(states.to_vec()).await.unwrap();
        assert_eq!(count(&[RunState::Waiting]).await, 1);
        assert_eq!(count(&[RunState::Waiting, RunState::Dispatched]).await, 2);
        assert_eq!(count(&RunState::ALL).await, 3);
        assert_eq!(count(&[]).await, 0);
    });
}

#[test]
fn a_reader_of_some_executors_sees_the_runs_of_their_jobs_in_order_and_no_others() {
    on_each_database(async |world| {
        let (one, two, three) = (world.executor("a").await, world.executor("b").await, world.executor("c").await);
        let mut jobs = Vec::new();
        for (executor, name) in [(one, "mine"), (two, "too"), (three, "theirs")] {
            jobs.push((world.job(executor, name).await.job.id, executor));
        }
        let news = (0..4).flat_map(|number| jobs.iter().map(move |(job, executor)| (number, *job, *executor)));
        let news = news.map(|(number, job, executor)| NewRun { executor, ..ended(job, number, RunState::Failed) });
        let runs = world.open_all(news.collect::<Vec<_>>()).await;
        let seen: Vec<RunId> =
            runs.iter().enumerate().filter(|(place, _)| place % 3 != 2).map(|(_, run)| *run).rev().collect();
        let filter = RunFilter { within: Some(vec![two, one]), ..RunFilter::default() };
        assert_eq!(found(&world, filter.clone()).await, seen);
        let failed = RunFilter { states: vec![RunState::Failed], ..filter.clone() };
        assert_eq!(found(&world, failed).await, seen);
        let mut cursor = Cursor::Newest;
        for expected in seen.chunks(3) {
            let page = world.store.run_page(filter.clone(), cursor, 3).await.unwrap();
            assert_eq!(page.rows.iter().map(|run| run.id).collect::<Vec<_>>(), expected);
            cursor = page.older.unwrap_or(cursor);
        }
        let of = |job, executor| RunFilter { job, executor, ..filter.clone() };
        assert_eq!(found(&world, of(Some(jobs[2].0), None)).await, []);
        assert_eq!(found(&world, of(None, Some(three))).await, []);
        assert_eq!(found(&world, of(Some(jobs[0].0), None)).await.len(), 4);
        assert_eq!(found(&world, RunFilter { within: Some(Vec::new()), ..RunFilter::default() }).await, []);
        // Once its job is another executor's, a run is that one's, wherever it was executed.
        let mut draft = world.store.job_get(jobs[0].0).await.unwrap().unwrap().job.spec.draft().clone();
        draft.executor = three;
        let moved = world.store.job_update(jobs[0].0, 1, draft.check().unwrap(), by("ann", 50)).await.unwrap();
        assert!(matches!(moved, Change::Done(_)), "{moved:?}");
        assert_eq!(found(&world, filter.clone()).await.len(), 4);
    });
}
