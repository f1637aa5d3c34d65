//! The only writer of runs: what it does when there is more than it can write. (What it refuses is tested beside it, in
//! `src/journal/tests.rs`: the front door cannot bring it that far.)

use crate::support::{World, seconds};
use futures_util::future::join_all;
use hzm_job_actors::{Ordered, RunOrder};
use hzm_job_scheduler::overlap::OverlapPolicy;
use hzm_job_scheduler::run::RunState;
use std::collections::BTreeSet;

#[actix_rt::test]
async fn orders_that_come_all_at_once_get_a_row_each_and_ids_of_their_own() {
    let world = World::start().await;
    let node = world.node().await;
    let job = world
        .stopped_job(|draft| {
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 50;
        })
        .await;
    let order = RunOrder { job, parameters: None, node: None, by: "ann".into(), request_key: None };
    let orders = join_all((0..300).map(|_| world.scheduler().run_now(order.clone())));
    let orders = world.during(orders).await;
    let mut ids = BTreeSet::new();
    for order in orders {
        let Ordered::Started(run) = order.unwrap() else { panic!("not started") };
        assert!(ids.insert(run), "{run} was given twice");
    }
    let runs = world.runs(job).await;
    assert_eq!(runs.len(), 300);
    let moments: BTreeSet<_> = runs.iter().map(|run| run.scheduled_at).collect();
    assert_eq!(moments.len(), 300, "each order has a moment of its own");
    let skipped = runs.iter().filter(|run| run.state == RunState::Skipped).count();
    assert_eq!(skipped, 250, "fifty may run side by side");
    world.until("the others are sent", async || node.triggers().len() == 50).await;
}

#[actix_rt::test]
async fn checkpoints_do_not_change_where_a_job_stands() {
    let mut world = World::start().await;
    let _node = world.node().await;
    let job = world
        .job(|draft| {
            draft.schedule = crate::support::job::every_second();
            draft.overlap = OverlapPolicy::Parallel;
            draft.overlap_limit = 100;
        })
        .await;
    // Checkpoints move every five seconds: crashes before, between and after them.
    for alive in [3, 4, 7] {
        world.pass(seconds(alive)).await;
        world.restart().await;
    }
    world.pass(seconds(1)).await;
    let runs = world.runs(job).await;
    assert!(runs.len() >= 14, "{}", runs.len());
    for pair in runs.windows(2) {
        assert_eq!(pair[1].scheduled_at - pair[0].scheduled_at, seconds(1));
    }
}
