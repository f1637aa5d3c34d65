//! Why an admin did not start; each one says what to do or where to look.

use crate::data_folder::FolderError;
use crate::first_user::UserError;
use crate::key_file::KeyError;
use crate::tls::TlsError;
use hzm_job_actors::StartError;
use hzm_job_identity::SettingProblem;
use hzm_job_store::StoreError;
use thiserror::Error;

/// Why the admin did not start.
#[derive(Debug, Error)]
pub enum StartupError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The database.
    #[error("the database cannot be opened; see hzm.job.admin.database, or hzm.job.admin.mysql where that names it")]
    Store(#[from] StoreError),
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The actors.
    #[error("the scheduler did not start")]
    Scheduler(#[from] StartError),
    /// The first user.
    #[error(transparent)]
    User(#[from] UserError),
    /// The provider by which users log in.
    #[error("hzm.job.admin.oidc.{}: {}", .0.key, .0.advice)]
    Provider(SettingProblem),
    /// The directory by which users log in.
    #[error("hzm.job.admin.ldap.{}: {}", .0.key, .0.advice)]
    Directory(SettingProblem),
    /// The certificate of the address.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("cannot listen on {address}; choose another one with hzm.job.admin.listen and hzm.job.admin.port")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// A thread of ours broke.
    #[error("start-up was interrupted: {0}")]
    Interrupted(String),
}

impl From<SettingProblem> for StartupError {
    fn from(problem: SettingProblem) -> StartupError {
        StartupError::Provider(problem)
    }
}
