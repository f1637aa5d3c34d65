//! The log of callbacks on a real disk, its restarts, and what a crash leaves of it.

use super::record::Record;
use super::refused::REFUSED_LIMIT;
use super::*;
use proptest::prelude::*;

fn log() -> Logger {
    Logger::root(slog::Discard, slog::o!())
}

fn report(run_id: i64) -> Arc<Report> {
    Arc::new(Report::new(run_id, "billing".into(), 200, Some("42 行".into())))
}

fn long(run_id: i64) -> Arc<Report> {
    Arc::new(Report::new(run_id, "billing".into(), 200, Some("x".repeat(4_000))))
}

fn open(folder: &tempfile::TempDir) -> (Outbox, Vec<i64>) {
    let (outbox, waiting) = Outbox::open(folder.path(), &log()).unwrap();
    (outbox, waiting.iter().map(|report| report.run_id).collect())
}

/// The names in the folder, but for that of the refused ones.
fn names(folder: &tempfile::TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name != "refused").collect();
    names.sort_unstable();
    names
}

#[test]
fn what_is_kept_is_there_after_a_restart_and_gone_once_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (mut first, _) = open(&folder);
    first.append(&[report(7), report(8), report(9)], &[]).unwrap();
    first.append(&[], &[8, 8, 99]).unwrap();
    drop(first);
    let (mut second, waiting) = open(&folder);
    assert_eq!(waiting, [7, 9]);
    second.append(&[], &[7]).unwrap();
    drop(second);
    let (mut third, waiting) = open(&folder);
    assert_eq!(waiting, [9]);
    third.append(&[], &[9]).unwrap();
    third.close();
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}

#[test]
fn the_whole_result_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).0.append(&[report(7)], &[]).unwrap();
    let (_, waiting) = Outbox::open(folder.path(), &log()).unwrap();
    assert_eq!(waiting, [report(7)]);
}

#[test]
fn a_result_that_is_kept_already_is_not_written_again_and_one_that_was_settled_is() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, _) = open(&folder);
    outbox.append(&[report(7)], &[]).unwrap();
    let bytes = outbox.bytes();
    outbox.append(&[report(7)], &[]).unwrap();
    assert_eq!(outbox.bytes(), bytes);
    outbox.append(&[report(7)], &[7]).unwrap();
    assert!(outbox.bytes() > bytes);
    drop(outbox);
    assert_eq!(open(&folder).1, [7], "the settlement speaks of the earlier one");
}

#[test]
fn files_go_as_soon_as_all_that_is_in_them_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, _) = open(&folder);
    let group = |from: i64| (from..from + 1_000).map(long).collect::<Vec<_>>();
    for from in (0..10_000).step_by(1_000) {
        outbox.append(&group(from), &[]).unwrap();
    }
    assert!(names(&folder).len() >= 5, "{:?}", names(&folder));
    outbox.append(&[], &(0..10_000).collect::<Vec<_>>()).unwrap();
    assert!(names(&folder).len() <= 1, "{:?}", names(&folder));
}

#[test]
fn a_few_that_stay_do_not_keep_all_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, _) = open(&folder);
    for from in (0..15_000).step_by(500) {
        let group: Vec<_> = (from..from + 500).map(long).collect();
        // The first of each stays.
        let settled: Vec<i64> = (from - 499..from).collect();
        outbox.append(&group, &settled).unwrap();
        assert!(outbox.bytes() <= 2 * outbox.live_bytes + 4 * SEGMENT_BYTES, "{}", outbox.bytes());
    }
    let on_disk: u64 = names(&folder).iter().map(|name| folder.path().join(name).metadata().unwrap().len()).sum();
    assert_eq!(on_disk, outbox.bytes());
    drop(outbox);
    let expected: Vec<i64> = (0..14_500).step_by(500).chain(14_500..15_000).collect();
    assert_eq!(open(&folder).1, expected);
}

#[test]
fn the_files_of_a_former_version_are_carried_over() {
    let folder = tempfile::tempdir().unwrap();
    let former = r#"{"logId":1,"appKey":"billing","handlerCode":200,"handlerMsg":"42 行"}"#;
    fs::write(folder.path().join("1.json"), former).unwrap();
    fs::write(folder.path().join("2.json"), "{\"logI").unwrap();
    fs::write(folder.path().join("3.tmp"), "{\"logI").unwrap();
    let (_, waiting) = Outbox::open(folder.path(), &log()).unwrap();
    assert_eq!(waiting, [report(1)]);
    assert_eq!(names(&folder), ["00000001.log"]);
    assert!(folder.path().join("refused/2.json").exists());
    assert_eq!(open(&folder).1, [1]);
}

#[test]
fn a_half_written_end_is_left_out_and_a_broken_line_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).0.append(&[report(1), report(2), report(3)], &[]).unwrap();
    let file = folder.path().join("00000001.log");
    let mut bytes = fs::read(&file).unwrap();
    bytes.truncate(bytes.len() - 1);
    bytes[30] ^= 1;
    fs::write(&file, bytes).unwrap();
    assert_eq!(open(&folder).1, [2]);
    assert!(folder.path().join("refused/00000001.log.broken").exists());
}

#[test]
fn nothing_is_written_behind_what_another_process_left() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).0.append(&[report(1)], &[]).unwrap();
    let file = folder.path().join("00000001.log");
    let before = fs::read(&file).unwrap();
    fs::write(&file, &before[..before.len() - 5]).unwrap();
    open(&folder).0.append(&[report(2)], &[]).unwrap();
    assert_eq!(open(&folder).1, [2]);
}

#[test]
fn the_file_that_another_process_writes_to_is_left_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (mut old, _) = open(&folder);
    old.append(&[report(1)], &[]).unwrap();
    let (mut new, waiting) = open(&folder);
    assert_eq!(waiting, [1]);
    new.append(&[report(2)], &[1]).unwrap();
    old.append(&[report(3)], &[1]).unwrap();
    drop((old, new));
    assert_eq!(open(&folder).1, [2, 3]);
}

#[test]
fn a_file_that_grew_after_it_was_read_is_left_for_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let (mut old, _) = open(&folder);
    old.append(&[report(1)], &[]).unwrap();
    let (mut new, _) = open(&folder);
    old.append(&[report(2)], &[]).unwrap();
    drop(old);
    new.append(&[], &[1]).unwrap();
    new.close();
    assert!(open(&folder).1.contains(&2));
}

#[test]
fn a_disk_that_takes_nothing_is_told_and_later_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, _) = open(&folder);
    outbox.append(&[report(1)], &[]).unwrap();
    // In the way of the next file.
    outbox.active = None;
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    assert!(outbox.append(&[report(2)], &[]).is_err());
    fs::rename(&away, folder.path()).unwrap();
    outbox.append(&[report(3)], &[]).unwrap();
    drop(outbox);
    assert_eq!(open(&folder).1, [1, 3]);
}

#[test]
fn a_refused_result_is_set_aside_and_refused_ones_are_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let (mut outbox, _) = open(&folder);
    outbox.append(&[report(7), report(8)], &[]).unwrap();
    outbox.refuse(&report(7)).unwrap();
    outbox.refused.count = REFUSED_LIMIT;
    outbox.refuse(&report(8)).unwrap();
    outbox.append(&[], &[7, 8]).unwrap();
    drop(outbox);
    assert!(open(&folder).1.is_empty());
    let kept = fs::read_to_string(folder.path().join("refused/7.json")).unwrap();
    assert_eq!(kept, r#"{"logId":7,"appKey":"billing","handlerCode":200,"handlerMsg":"42 行"}"#);
    assert!(!folder.path().join("refused/8.json").exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn wherever_a_crash_cuts_the_log_all_that_was_synced_before_is_there_and_nothing_that_was_not_made(
        groups in proptest::collection::vec((1..6_usize, 0..6_usize), 1..8), share in 0.0..=1.0,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let (mut outbox, _) = open(&folder);
        let (mut next, mut live, mut states) = (0_i64, Vec::new(), vec![(0_u64, Vec::new())]);
        for (made, settled) in groups {
            let settled: Vec<i64> = live.drain(..settled.min(live.len())).collect();
            let results: Vec<_> = (next..next + made as i64).map(report).collect();
            live.extend(results.iter().map(|report| report.run_id));
            next += made as i64;
            outbox.append(&results, &settled).unwrap();
            states.push((outbox.bytes(), live.clone()));
        }
        drop(outbox);
        let file = folder.path().join("00000001.log");
        let bytes = fs::read(&file).unwrap();
        let cut = (bytes.len() as f64 * share) as usize;
        fs::write(&file, &bytes[..cut]).unwrap();
        let whole = states.iter().rposition(|(end, _)| *end <= cut as u64).unwrap();
        // What the group that was being written may have begun with: its settlements, then its results.
        let ours = record::read(&bytes[..cut]).records.into_iter().filter_map(|record| match record {
            Record::Result(callback) => Some(callback.log_id),
            Record::Settled(_) => None,
        }).max();
        let (outbox, waiting) = open(&folder);
        drop(outbox);
        let next_live = &states[(whole + 1).min(states.len() - 1)].1;
        for run_id in &states[whole].1 {
            prop_assert!(waiting.contains(run_id) || !next_live.contains(run_id), "{} is lost", run_id);
        }
        for run_id in &waiting {
            prop_assert!(Some(*run_id) <= ours, "{} was never made", run_id);
        }
    }
}
