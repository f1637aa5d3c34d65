//! The languages a load executor speaks. Each is two requests a run at most: a trigger in, and a callback out.
//!
//! A third one, in which one request carries many triggers, is spoken by a load executor that uses our own SDK.

use serde::Deserialize;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Wire {
    /// hzm-job's own: one request per result.
    Hzm,
    /// xxl-job's up to 3.4: results go in batches.
    Xxl,
}

/// One trigger that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The run.
    pub run: i64,
    /// Its job.
    pub job: i64,
    /// The moment the wire tells, in milliseconds since 1970; 0 where it tells none.
    pub told_ms: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    log_id: i64,
    job_id: i64,
    #[serde(default)]
    log_date_time: i64,
}

impl Wire {
    /// Its name on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hzm => "hzm",
            Self::Xxl => "xxl",
        }
    }

    /// Where triggers come in.
    #[must_use]
    pub fn trigger_path(self) -> &'static str {
        match self {
            Self::Hzm => "/api/job-handle",
            Self::Xxl => "/run",
        }
    }

    /// The triggers in a body.
    ///
    /// # Errors
    /// When it is not what this language sends.
    pub fn triggers(self, body: &[u8]) -> serde_json::Result<impl Iterator<Item = Trigger>> {
        let body: Body = serde_json::from_slice(body)?;
        Ok(std::iter::once(Trigger { run: body.log_id, job: body.job_id, told_ms: body.log_date_time }))
    }

    /// The answer that says yes to everything: triggers, beats, cancellations.
    #[must_use]
    pub fn yes(self) -> &'static str {
        match self {
            Self::Hzm => r#"{"code":200,"msg":null,"data":true,"success":true,"count":null}"#,
            Self::Xxl => r#"{"code":200,"msg":null}"#,
        }
    }

    /// The header that carries the secret.
    #[must_use]
    pub fn secret_header(self) -> &'static str {
        match self {
            Self::Hzm => "hzm-job-access-token",
            Self::Xxl => "xxl-job-access-token",
        }
    }

    /// Where a node registers, and what it says.
    #[must_use]
    pub fn registration(self, app_key: &str, port: u16) -> (&'static str, String) {
        let address = format!("http://127.0.0.1:{port}");
        match self {
            Self::Hzm => ("/api/registry", format!(r#"{{"appKey":"{app_key}","executorAddress":"{address}"}}"#)),
            Self::Xxl => (
                "/xxl-job-admin/api/registry",
                format!(r#"{{"registryGroup":"EXECUTOR","registryKey":"{app_key}","registryValue":"{address}/"}}"#),
            ),
        }
    }

    /// Whether an executor of this language goes on registering while all is well.
    #[must_use]
    pub fn registers_again(self) -> bool {
        self == Self::Xxl
    }

    /// Where results go.
    #[must_use]
    pub fn callback_path(self) -> &'static str {
        match self {
            Self::Hzm => "/api/callback",
            Self::Xxl => "/xxl-job-admin/api/callback",
        }
    }

    /// The most results that one callback carries; xxl-job's own executors send up to 50.
    #[must_use]
    pub fn most_results(self) -> usize {
        match self {
            Self::Hzm => 1,
            Self::Xxl => 50,
        }
    }

    /// Writes the body that tells the success of these runs. [`Wire::Hzm`] tells the first one only.
    pub fn write_results(self, app_key: &str, runs: &[Trigger], out: &mut Vec<u8>) {
        use std::io::Write;
        // Writing to memory cannot fail; a missing body would be refused by the admin and show as such.
        let _written = match self {
            Self::Hzm => runs.first().map_or(Ok(()), |done| {
                write!(out, r#"{{"logId":{},"appKey":"{app_key}","handlerCode":200,"handlerMsg":""}}"#, done.run)
            }),
            Self::Xxl => runs.iter().enumerate().try_for_each(|(place, done)| {
                let lead = if place == 0 { "[" } else { "," };
                let (run, told) = (done.run, done.told_ms);
                write!(out, r#"{lead}{{"logId":{run},"logDateTim":{told},"handleCode":200,"handleMsg":null}}"#)
            }),
        };
        if self == Self::Xxl {
            out.push(b']');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wire: Wire, body: &str) -> Vec<Trigger> {
        wire.triggers(body.as_bytes()).unwrap().collect()
    }

    fn results(wire: Wire, runs: &[i64]) -> serde_json::Value {
        let runs: Vec<Trigger> = runs.iter().map(|run| Trigger { run: *run, job: 1, told_ms: 5 }).collect();
        let mut out = Vec::new();
        wire.write_results("bench", &runs, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn triggers_of_both_languages_are_read_with_fields_nobody_asked_for() {
        let hzm = read(Wire::Hzm, r#"{"logId":7,"jobId":3,"jobName":"x","jobParams":"{}"}"#);
        assert_eq!(hzm, [Trigger { run: 7, job: 3, told_ms: 0 }]);
        let xxl = read(Wire::Xxl, r#"{"jobId":3,"executorHandler":"x","logId":7,"logDateTime":99,"broadcastTotal":1}"#);
        assert_eq!(xxl, [Trigger { run: 7, job: 3, told_ms: 99 }]);
        assert!(Wire::Hzm.triggers(b"{}").is_err());
    }

    #[test]
    fn results_are_json_of_their_language() {
        assert_eq!(results(Wire::Hzm, &[7])["logId"], 7);
        assert_eq!(results(Wire::Xxl, &[7, 8])[1]["logId"], 8);
    }
}
