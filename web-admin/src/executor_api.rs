//! What executors call: one file per dialect. Each translates its dialect into the same calls of the actors' front door.

pub mod batch;
pub mod hzm;
pub(crate) mod tolerant;

use actix_web::{Route, web};
use hzm_job_protocol::batch::paths::RESULTS;
use hzm_job_protocol::hzm::paths;

/// The addresses that executors call: those of the original in both its spellings, and our own.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    both(config, paths::REGISTRY, || web::post().to(hzm::registry));
    both(config, paths::OFFLINE, || web::post().to(hzm::offline));
    both(config, paths::CALLBACK, || web::post().to(hzm::callback));
    at(config, RESULTS, web::post().to(batch::results));
}

fn both(config: &mut web::ServiceConfig, spellings: [&'static str; 2], route: impl Fn() -> Route) {
    for path in spellings {
        at(config, path, route());
    }
}

fn at(config: &mut web::ServiceConfig, path: &str, route: Route) {
    config.service(web::resource(path).route(route).default_service(web::to(hzm::wrong_method)));
}
