use super::*;
use chrono::DateTime;

fn run(id: i64) -> TakenRun {
    TakenRun { run: RunId(id), sent_at: DateTime::UNIX_EPOCH, accepted_at: DateTime::UNIX_EPOCH }
}

fn coming(desk: &mut Desk, ids: impl IntoIterator<Item = i64>) {
    for id in ids {
        desk.noted.insert(RunId(id), (run(id), COMING));
        desk.coming.push(run(id));
    }
}

#[test]
fn a_note_goes_when_the_rows_of_all_its_runs_say_what_it_says() {
    let mut desk = Desk::default();
    coming(&mut desk, [1, 2, 3]);
    let (entries, numbers) = desk.entries();
    assert_eq!(entries, [Entry::KeepTaken(vec![run(1), run(2), run(3)])]);
    desk.settled(RunId(1));
    desk.kept(numbers[0], Some(70));
    desk.settled(RunId(3));
    assert!(desk.entries().0.is_empty(), "run 2 may still be sent again");
    desk.settled(RunId(2));
    desk.settled(RunId(2));
    assert_eq!(desk.entries().0, [Entry::DropTaken(vec![70])]);
    assert!(desk.entries().0.is_empty() && desk.notes.is_empty() && desk.noted.is_empty());
}

#[test]
fn a_note_whose_runs_are_over_before_it_is_there_goes_once_it_is() {
    let mut desk = Desk::default();
    coming(&mut desk, [1]);
    let (_, numbers) = desk.entries();
    desk.settled(RunId(1));
    assert!(desk.entries().0.is_empty());
    desk.kept(numbers[0], Some(5));
    assert_eq!(desk.entries().0, [Entry::DropTaken(vec![5])]);
}

#[test]
fn runs_that_are_over_are_not_noted_and_a_note_that_was_refused_is_forgotten() {
    let mut desk = Desk::default();
    coming(&mut desk, [1, 2]);
    desk.settled(RunId(1));
    let (entries, numbers) = desk.entries();
    assert_eq!(entries, [Entry::KeepTaken(vec![run(2)])]);
    desk.kept(numbers[0], None);
    desk.settled(RunId(2));
    assert!(desk.entries().0.is_empty() && desk.notes.is_empty() && desk.noted.is_empty());
}

#[test]
fn very_many_runs_make_several_notes_of_bounded_size() {
    let mut desk = Desk::default();
    coming(&mut desk, 0..2_500);
    let (entries, numbers) = desk.entries();
    let sizes = entries.iter().map(|entry| if let Entry::KeepTaken(runs) = entry { runs.len() } else { 0 });
    assert_eq!(sizes.collect::<Vec<_>>(), [1_000, 1_000, 500]);
    assert_eq!(numbers, [0, 1, 2]);
}
