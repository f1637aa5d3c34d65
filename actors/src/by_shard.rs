//! Which shard is to look at which jobs, when many changed at once: one message each.

use crate::directory::Directory;
use crate::shard_door::ToShard;
use hzm_job_scheduler::JobId;

/// What each shard is to look at, and the jobs that have none right now.
pub(crate) fn by_shard(directory: &Directory, jobs: impl IntoIterator<Item = JobId>) -> (Vec<ToShard>, Vec<JobId>) {
    let (mut shards, mut lost): (Vec<ToShard>, _) = (Vec::new(), Vec::new());
    for job in jobs {
        let Some(door) = directory.shard_of(job) else {
            lost.push(job);
            continue;
        };
        match shards.iter_mut().find(|(shard, _)| *shard == door.refresh_all) {
            Some((_, theirs)) => theirs.push(job),
            None => shards.push((door.refresh_all, vec![job])),
        }
    }
    (shards, lost)
}
