use super::*;

fn log() -> slog::Logger {
    slog::Logger::root(slog::Discard, slog::o!())
}

fn config(folder: &Path) -> AdminConfig {
    AdminConfig { data: folder.to_owned(), ..AdminConfig::default() }
}

fn store(config: &AdminConfig, key: &KeyFile) -> Store {
    let settings = hzm_job_store::StoreSettings { vault: key.vault.clone(), ..config.store_settings() };
    Store::open_with(&settings, &log()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_made_once_for_its_owner_only_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let first = KeyFile::find(&config, &log()).unwrap();
    let opened = store(&config, &first);
    assert!(!config.key_path().exists(), "nothing is written before the database is known");
    first.settle(&opened).await.unwrap();
    assert_eq!(std::fs::metadata(config.key_path()).unwrap().permissions().mode() & 0o777, 0o600);
    let again = KeyFile::find(&config, &log()).unwrap();
    assert!(matches!(again.origin, Origin::File) && again.vault == first.vault);
    again.settle(&opened).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_never_opened_with_another_key_than_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let first = KeyFile::find(&config, &log()).unwrap();
    let opened = store(&config, &first);
    first.settle(&opened).await.unwrap();
    std::fs::remove_file(config.key_path()).unwrap();
    let lost = KeyFile::find(&config, &log()).unwrap().settle(&opened).await.unwrap_err().to_string();
    assert!(lost.contains("missing") && lost.contains("keyFile"), "{lost}");
    assert!(!config.key_path().exists(), "and no new key takes its place");
    std::fs::write(config.key_path(), "00".repeat(KEY_BYTES)).unwrap();
    let other = KeyFile::find(&config, &log()).unwrap();
    let wrong = other.settle(&store(&config, &other)).await.unwrap_err().to_string();
    assert!(wrong.contains("another key") && wrong.contains("hzm-job.key"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_start_left_beside_its_place_is_taken_up_by_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    let first = KeyFile::find(&config, &log()).unwrap();
    let opened = store(&config, &first);
    first.settle(&opened).await.unwrap();
    assert!(!beside(&config.key_path()).exists());
    let digits = std::fs::read_to_string(config.key_path()).unwrap();
    std::fs::rename(config.key_path(), beside(&config.key_path())).unwrap();
    let renamed = KeyFile::find(&config, &log()).unwrap();
    assert!(matches!(renamed.origin, Origin::New(_)), "a key that was in use is no unfinished one");
    std::fs::write(beside(&config.key_path()), format!("{UNFINISHED}{digits}")).unwrap();
    let again = KeyFile::find(&config, &log()).unwrap();
    assert!(matches!(again.origin, Origin::Unfinished(_)) && again.vault == first.vault);
    again.settle(&opened).await.unwrap();
    assert_eq!(std::fs::read_to_string(config.key_path()).unwrap(), digits);
    std::fs::write(beside(&config.key_path()), format!("{UNFINISHED}{digits}")).unwrap();
    KeyFile::find(&config, &log()).unwrap().settle(&opened).await.unwrap();
    assert!(!beside(&config.key_path()).exists(), "it would pass for unfinished when the key is gone");
    assert!(config.key_path().exists() && !beside(&config.key_path()).exists());
    std::fs::remove_file(config.key_path()).unwrap();
    std::fs::write(beside(&config.key_path()), "half a k").unwrap();
    assert!(matches!(KeyFile::find(&config, &log()).unwrap().origin, Origin::New(_)), "no whole key was ever used");
}

#[test]
fn a_key_that_is_given_may_have_blanks_around_it_as_one_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.key = crate::config::Secret(format!(" {}\n", "0a".repeat(KEY_BYTES)));
    let found = KeyFile::find(&config, &log()).unwrap();
    assert!(matches!(found.origin, Origin::Given) && found.vault == Vault::of(&[10; KEY_BYTES]).unwrap());
}

#[test]
fn a_file_that_holds_no_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path());
    for text in ["", "nonsense", &"0".repeat(63), &"g".repeat(64), &"0".repeat(65), &"长".repeat(64)] {
        std::fs::write(config.key_path(), text).unwrap();
        let refused = KeyFile::find(&config, &log()).err().unwrap().to_string();
        assert!(refused.contains("hzm-job.key"), "{refused}");
    }
}
