//! The admin as a newcomer starts it: `standalone`, with its own database and its demonstration.

use hzm_job_test_rig::api::{Api, PATIENCE_MS};
use hzm_job_test_rig::clock::{now_ms, pause_ms};
use hzm_job_test_rig::database::Database;
use hzm_job_test_rig::process::Program;
use hzm_job_test_servers::free_port;

use super::dormant::idle;
use crate::figures::Sheet;
use crate::machine::Machine;
use crate::options::Options;
use crate::stage::{NoStage, Place, Programs};
use crate::text;

pub(super) fn measure(options: &Options, database: Database, programs: &Programs) -> Result<(Machine, Sheet), NoStage> {
    if database != Database::Sqlite {
        return Err(NoStage::Missing("standalone has its own database".to_owned()));
    }
    let place = Place::make(options, database)?;
    let port = free_port().map_err(text)?;
    let data = place.folder.join("data").display().to_string();
    let arguments = ["standalone", "--listen", "127.0.0.1", "--port", &port.to_string(), "--data", &data];
    let arguments = arguments.map(str::to_owned).to_vec();
    let mut admin = Program::new(&programs.admin, arguments, Vec::new(), place.folder.join("admin.log"));
    let begin = now_ms();
    admin.start().map_err(text)?;
    while !Api::new(port).is_ready() {
        if admin.ended().map_err(text)?.is_some() || now_ms() - begin > PATIENCE_MS {
            return Err(format!("the admin does not become ready:\n{}", admin.last_words()).into());
        }
        pause_ms(2);
    }
    let mut sheet = Sheet::default();
    sheet.add("ready after the first start", (now_ms() - begin) as f64 / 1e3, "s");
    pause_ms(i64::from(options.warm_up) * 1_000);
    idle(admin.id().unwrap_or_default(), options.seconds, &mut sheet);
    Ok((place.machine.clone(), sheet))
}
