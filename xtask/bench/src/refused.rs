//! What cannot be measured as it was asked for, told before anything is started.

use crate::options::{Options, Scenario, Speech};

/// Why these options cannot be measured, if they cannot.
///
/// # Errors
/// What, why, and what to do instead.
pub fn refuse(options: &Options) -> Result<(), String> {
    if options.wire == Speech::Xxl {
        return Err(
            "--wire xxl: the admin does not serve executors of xxl-job, so no node of that kind would ever come \
                    online; use --wire hzm or --wire sdk"
                .to_owned(),
        );
    }
    if options.during.is_some() && !runs_a_command(options.scenario) {
        return Err(format!(
            "--during: the scenario {} runs no command meanwhile; leave it out, or use steady, spread, maximum, instant, \
             api or retention",
            options.scenario.name()
        ));
    }
    Ok(())
}

fn runs_a_command(scenario: Scenario) -> bool {
    use Scenario as S;
    matches!(scenario, S::Steady | S::Spread | S::Maximum | S::Instant | S::Api | S::Retention)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn refused(line: &str) -> String {
        refuse(&Options::parse_from(line.split(' '))).unwrap_err()
    }

    #[test]
    fn a_wire_that_the_admin_does_not_serve_is_refused_with_the_reason() {
        assert!(refused("bench --wire xxl").contains("does not serve executors of xxl-job"));
        refuse(&Options::parse_from(["bench", "--wire", "sdk"])).unwrap();
    }

    #[test]
    fn a_command_that_would_never_run_is_refused() {
        assert!(refused("bench create --during true").contains("the scenario create runs no command"));
    }

    #[test]
    fn what_the_benchmark_sets_itself_is_refused_by_its_name_and_the_rest_is_not() {
        for key in ["port", "listen", "data", "database", "database.url", "mysql.host", "user", "password", "tls.key"] {
            let line = format!("{key}=1");
            let problem = Options::try_parse_from(["bench", "--set", &line]).unwrap_err().to_string();
            assert!(problem.contains(&format!("{key} cannot be set")), "{problem}");
        }
        for key in ["threads", "database.poolSize", "scheduling.wakeAheadMs", "portions"] {
            crate::own_settings::refuse_setting(key).unwrap();
        }
    }
}
