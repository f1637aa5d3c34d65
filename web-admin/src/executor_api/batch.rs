//! Our own form `batch/1`: many results in one request, each judged as it would be alone (`docs/wire.md`).

use super::hzm::{Known, Refusal, Signed, cut};
use crate::state::App;
use actix_web::{HttpResponse, ResponseError, web};
use hzm_job_actors::{Reported, RunReport, SchedulerError};
use hzm_job_protocol::batch::{Answer, Answers, MOST, Results, RunResult};
use hzm_job_protocol::{HANDLER_SUCCESS, MAX_ID};
use hzm_job_scheduler::{ExecutorId, RunId};

impl Signed for Results {
    fn app_key(&self) -> &str {
        &self.app_key
    }
}

/// Runs ended. Answered when each result is committed or refused.
pub async fn results(app: web::Data<App>, call: Known<Results>) -> Result<HttpResponse, Refusal> {
    let Known { executor, body, .. } = call;
    if body.results.len() > MOST {
        return Err(Refusal::TooMany);
    }
    let ids: Vec<i64> = body.results.iter().map(|result| result.log_id).collect();
    let reports = body.results.into_iter().map(|result| report(executor.id, result)).collect();
    let reported = app.scheduler.runs_report(reports).await;
    let answers: Vec<Answer> = ids.into_iter().zip(reported).map(|(id, reported)| answer(id, reported)).collect();
    let unknown = answers.iter().filter(|line| line.status == 410);
    for line in unknown {
        slog::warn!(app.log, "a result came for a run that does not exist"; "run" => line.log_id, "app_key" => &executor.app_key);
    }
    Ok(HttpResponse::Ok().json(Answers { answers }))
}

fn report(executor: ExecutorId, result: RunResult) -> RunReport {
    RunReport {
        executor,
        run: RunId(result.log_id),
        succeeded: result.handler_code == HANDLER_SUCCESS,
        code: result.handler_code,
        message: result.handler_msg.map(cut),
    }
}

fn answer(log_id: i64, reported: Result<Reported, SchedulerError>) -> Answer {
    let refusal = match reported {
        Ok(_) if !(1..=MAX_ID).contains(&log_id) => Refusal::UnknownRun(log_id),
        Ok(Reported::Recorded | Reported::AlreadyEnded(_)) => return Answer::ok(log_id),
        Ok(Reported::UnknownRun) => Refusal::UnknownRun(log_id),
        Err(error) => Refusal::Scheduler(error),
    };
    Answer { log_id, status: refusal.status_code().as_u16(), msg: Some(refusal.words()) }
}
