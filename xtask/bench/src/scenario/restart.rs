//! How soon an admin is back: after it was ended as its operator would, and after it was killed, with few and many jobs.
//!
//! A hundred of the jobs fire once a second each, a hundredth of a second apart, so that the first fire tells when firing
//! began again and not when a job happened to be due.

use hzm_job_test_rig::api::PATIENCE_MS;
use hzm_job_test_rig::clock::{now_ms, now_us, pause_ms};
use hzm_job_test_rig::database::Database;

use crate::crowd::{Crowd, Rhythm, far_month};
use crate::figures::Sheet;
use crate::machine::Machine;
use crate::meters;
use crate::options::Options;
use crate::stage::{NoStage, Programs, Stage};

/// How many jobs, where nothing else was said.
const SIZES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// Of these, how many fire.
const FIRING: u32 = 100;

pub(super) fn measure(options: &Options, database: Database, programs: &Programs) -> Result<(Machine, Sheet), NoStage> {
    let (mut sheet, mut machine) = (Sheet::default(), None);
    for size in options.jobs.map_or(SIZES.to_vec(), |jobs| vec![jobs]) {
        let mut stage = Stage::set(options, database, programs)?;
        measure_size(&mut stage, size, &mut sheet)?;
        machine.get_or_insert(stage.place.machine.clone());
    }
    Ok((machine.unwrap_or_default(), sheet))
}

fn measure_size(stage: &mut Stage, size: u32, sheet: &mut Sheet) -> Result<(), String> {
    let dormant = Crowd { many: size.saturating_sub(FIRING), rhythm: Rhythm::Yearly(far_month(now_ms())) };
    let firing = Crowd { many: FIRING.min(size), rhythm: Rhythm::Spread };
    stage.fill(&[dormant, firing])?;
    pause_ms(i64::from(stage.options.warm_up) * 1_000);
    stage.end_admin()?;
    back(stage, &format!("{size} jobs, ended"), sheet)?;
    pause_ms(i64::from(stage.options.warm_up) * 1_000);
    stage.kill_admin()?;
    back(stage, &format!("{size} jobs, killed"), sheet)?;
    let memory = meters::memory(stage.processes().admin);
    sheet.add(&format!("{size} jobs: admin RSS"), memory.now_kib as f64 / 1_024.0, "MiB");
    sheet.wrong.extend(stage.end_admin().err());
    repeated(stage, sheet)
}

/// Starts the admin; how long until it is ready, and until the first trigger comes.
fn back(stage: &mut Stage, what: &str, sheet: &mut Sheet) -> Result<(), String> {
    let (arrived, begin_us) = (stage.counts()?.arrived, now_us());
    let ready = stage.restart_admin()?;
    sheet.add(&format!("{what}: ready"), ready, "s");
    let patience_ends = now_ms() + PATIENCE_MS;
    while stage.counts()?.arrived == arrived && now_ms() < patience_ends {
        stage.admin_lives()?;
        pause_ms(5);
    }
    let first = stage.records()?.iter().map(|record| record.arrived_us).filter(|at| *at > begin_us).min();
    let first = first.ok_or_else(|| format!("{what}: nothing fired after the start"))?;
    sheet.add(&format!("{what}: first fire"), (first - begin_us) as f64 / 1e6, "s");
    Ok(())
}

/// No run may have come twice, whatever happened to the admin: the load executor never lost anything.
fn repeated(stage: &mut Stage, sheet: &mut Sheet) -> Result<(), String> {
    let mut runs: Vec<i64> = stage.records()?.iter().map(|record| record.run).collect();
    runs.sort_unstable();
    let all = runs.len();
    runs.dedup();
    sheet.count("triggers repeated after a kill", (all - runs.len()) as u64);
    Ok(())
}
