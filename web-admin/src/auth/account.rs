//! Logging in and out and changing the password, for the API and the pages alike.

use super::guests;
use super::password::{Asker, LONGEST_PASSWORD, PasswordError, SHORTEST_PASSWORD};
use super::refusal::LoginRefusal;
use super::throttle::{Verdict, network};
use super::{Operator, SESSION_COOKIE, random_text, sha256_hex};
use crate::error::{ApiError, Failure};
use crate::state::App;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use hzm_job_scheduler::names;
use hzm_job_store::StoreError;
use hzm_job_store::session::NewSession;
use hzm_job_store::user::User;
use serde_json::json;

/// The longest user name, in characters.
const LONGEST_NAME: usize = 128;
/// The longest password of a directory, in bytes.
const LONGEST_OF_DIRECTORIES: usize = hzm_job_identity::ldap::LONGEST_PASSWORD;

/// When to come again if too many of a name or from an address wait for the hash function, in seconds.
const TURNS_COME_WITHIN_S: u64 = 2;
/// When to come again after too many logins, in seconds.
const LOGINS_COUNT_FOR_S: u64 = 60;

/// Why a password was not changed.
#[derive(Debug)]
pub enum PasswordRefusal {
    /// The user has no password here: somebody else vouches for it.
    Elsewhere,
    /// The old password is wrong.
    Wrong,
    /// The new one is the old one.
    Same,
    /// Somebody else changed it meanwhile, or what the user may do: log in again.
    Overtaken,
    /// The new one is too short.
    TooShort {
        /// The fewest characters.
        least: usize,
    },
    /// The new one is too long.
    TooLong {
        /// The most bytes.
        most: usize,
    },
    /// Too many attempts failed: come back in a quarter of an hour.
    TooMany,
    /// The database or the hash function is away; told like every other call that meets it.
    Unavailable(ApiError),
}

impl From<StoreError> for PasswordRefusal {
    fn from(error: StoreError) -> PasswordRefusal {
        PasswordRefusal::Unavailable(error.into())
    }
}

/// Opens a session and answers its cookie, ready to be set. `address` is the client's.
///
/// # Errors
/// [`LoginRefusal`].
pub async fn log_in(app: &App, name: &str, password: &str, address: &str) -> Result<Cookie<'static>, LoginRefusal> {
    // Some databases find a name also with blanks behind it: each of these must not have attempts of its own.
    let name = name.trim();
    if name.chars().count() > LONGEST_NAME || password.len() > LONGEST_OF_DIRECTORIES {
        return Err(LoginRefusal::Wrong);
    }
    let counted = counted(app, name).await?;
    if !is_admitted(app, address, name, &counted).await? {
        let known = app.store.user_by_name(name.to_owned()).await?.map(|user| (user.id, user.name));
        // Of a name that nobody has, nothing is told: it may be a password in the wrong field.
        let user = known.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
        slog::warn!(app.log, "too many failed logins"; "user" => user, "address" => address);
        LoginRefusal::TooMany.record(app, known, address).await;
        return Err(LoginRefusal::TooMany);
    }
    let user = app.store.user_by_name(name.to_owned()).await?;
    let known = user.as_ref().map(|user| (user.id, user.name.clone()));
    let asker = Asker { name: &counted, address };
    let entered = match (&app.directory, &user) {
        (Some(_), None) if is_kept_here(app, name).await? => by_password(app, None, password, asker).await,
        // Whoever has a password here is asked for that, whatever a directory says of the name.
        (Some(directory), None) => guests::by_directory(app, directory, (name, password), address).await,
        (Some(directory), Some(user)) if user.origin == guests::LDAP => {
            guests::by_directory(app, directory, (name, password), address).await
        }
        _ => by_password(app, user, password, asker).await,
    };
    match entered {
        Ok(user) => {
            app.throttle.forgive(address, &counted);
            open_session(app, &user, address).await
        }
        Err(refusal) => {
            if matches!(refusal, LoginRefusal::TooOften { .. }) {
                app.throttle.take_back(address, &counted);
            }
            refusal.record(app, known, address).await;
            Err(refusal)
        }
    }
}

/// Whether a directory is not asked about a name that nobody here has. A local name in other letters is one that was mistyped: no password
/// of a local user goes to a directory. And of what nobody sees in a name, each directory thinks differently.
async fn is_kept_here(app: &App, name: &str) -> Result<bool, StoreError> {
    Ok(!names::is_visible(name) || app.store.user_like(name).await?.is_some_and(|user| user.is_local()))
}

/// Whether this is the password of a user who has one here. That a user is disabled is told to nobody: names cannot be tried out.
async fn by_password(app: &App, user: Option<User>, password: &str, asker: Asker<'_>) -> Result<User, LoginRefusal> {
    if password.len() > LONGEST_PASSWORD {
        return Err(LoginRefusal::Wrong);
    }
    let user = user.filter(User::is_local);
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let verified = app.passwords.verify(asker, password, hash).await;
    let is_right = verified.map_err(|error| match error {
        PasswordError::TooMany => LoginRefusal::TooOften { retry_after: TURNS_COME_WITHIN_S },
        other => LoginRefusal::Unavailable(unavailable(&other)),
    })?;
    user.filter(|user| is_right && !user.disabled).ok_or(LoginRefusal::Wrong)
}

/// Who is meant by a name: as it was typed first, because names of users from before may be one.
async fn meant(app: &App, name: &str) -> Result<Option<User>, StoreError> {
    match app.store.user_by_name(name.to_owned()).await? {
        Some(user) => Ok(Some(user)),
        None => app.store.user_like(name).await,
    }
}

/// Under what attempts at a name are counted. A user with a password here has attempts of its own, however its letters are written, and
/// nobody whose name is like it has a say in them. Other names may be one to a directory, which reads over accents.
async fn counted(app: &App, name: &str) -> Result<String, StoreError> {
    let user = meant(app, name).await?.filter(User::is_local);
    // No name has a NUL.
    Ok(user.map_or_else(|| names::counted(name), |user| format!("\0{}", user.id)))
}

/// Whether another attempt is looked at. `reset-password` is a program of its own: that there is a new password since the
/// attempts that failed is seen by the user's row, and then they count no more.
async fn is_admitted(app: &App, address: &str, typed: &str, counted: &str) -> Result<bool, StoreError> {
    let verdict = app.throttle.admit(address, counted, app.now());
    if verdict == Verdict::Admitted {
        return Ok(true);
    }
    let Some(user) = meant(app, typed).await? else { return Ok(false) };
    // What is counted for others too is not forgiven for the sake of one.
    let is_forgiven = user.is_local() && app.throttle.forgive_before(address, counted, user.updated_at);
    if is_forgiven && app.throttle.admit(address, counted, app.now()) == Verdict::Admitted {
        return Ok(true);
    }
    let is_known = verdict == Verdict::Stranger && is_known_at(app, &user, address).await?;
    Ok(is_known && app.throttle.admit_known(address, counted, app.now()))
}

/// Whether a user has a session open from an address: whoever guesses at the name from elsewhere must not lock it out there.
async fn is_known_at(app: &App, user: &User, address: &str) -> Result<bool, StoreError> {
    let now = app.now();
    let open = app.store.session_list(user.id, now - app.config.admin.session.idle, now).await?;
    Ok(open.iter().any(|session| network(&session.address) == network(address)))
}

/// Opens a session of a user who has shown to be that one, records it, and answers its cookie.
///
/// # Errors
/// [`LoginRefusal::TooOften`], or what the database says.
pub(crate) async fn open_session(app: &App, user: &User, address: &str) -> Result<Cookie<'static>, LoginRefusal> {
    if !app.throttle.admit_success(user.id, app.now()) {
        slog::warn!(app.log, "too many logins"; "user" => &user.name, "address" => address);
        return Err(LoginRefusal::TooOften { retry_after: LOGINS_COUNT_FOR_S });
    }
    let token = random_text().map_err(|error| LoginRefusal::Unavailable(unavailable(&error)))?;
    let session = NewSession {
        token_hash: sha256_hex(&token),
        user: user.id,
        user_version: user.version,
        expires_at: app.now() + app.config.admin.session.absolute,
        address: address.to_owned(),
    };
    app.store.session_create(session, app.now()).await?;
    let what = ("user", user.id, user.name.clone());
    app.store.operation_record(app.by(&user.name, address), "login", what, json!({})).await?;
    slog::info!(app.log, "logged in"; "user" => &user.name, "address" => address);
    let lifetime = Duration::seconds(app.config.admin.session.absolute.num_seconds());
    Ok(session_cookie(app, token, lifetime))
}

/// Ends the operator's session and answers the cookie that removes the browser's one.
///
/// # Errors
/// What the database says.
pub async fn log_out(app: &App, operator: &Operator) -> Result<Cookie<'static>, StoreError> {
    let ended = app.store.session_delete(operator.session().to_owned()).await;
    app.rights_changed();
    ended?;
    slog::info!(app.log, "logged out"; "user" => &operator.name);
    Ok(session_cookie(app, String::new(), Duration::ZERO))
}

/// Ends one of the operator's own sessions, named by its hash, and records that.
///
/// # Errors
/// 404 for a session that is none of the operator's, or what the database says.
pub async fn end_own_session(app: &App, operator: &Operator, session: &str) -> Result<(), ApiError> {
    let is_ended = app.store.session_end(operator.id, session.to_owned()).await;
    app.rights_changed();
    if !is_ended? {
        return Err(ApiError::no_such("session"));
    }
    let what = ("user", operator.id, operator.name.clone());
    app.store.operation_record(operator.by(app), "end_session", what, json!({})).await?;
    slog::info!(app.log, "session ended"; "user" => &operator.name);
    Ok(())
}

/// Changes the operator's password, ends all other sessions of the same user and records that it happened.
///
/// # Errors
/// [`PasswordRefusal`].
pub async fn change_password(app: &App, operator: &Operator, old: &str, new: &str) -> Result<(), PasswordRefusal> {
    password_check(new)?;
    if new == old {
        return Err(PasswordRefusal::Same);
    }
    let away = |error: PasswordError| match error {
        PasswordError::TooMany => {
            PasswordRefusal::Unavailable(ApiError::TooManyLogins { retry_after: TURNS_COME_WITHIN_S })
        }
        other => PasswordRefusal::Unavailable(unavailable(&other)),
    };
    // Whoever is here is logged in: attempts are counted for this user alone, and no stranger can use them up.
    if !app.throttle.admit_user(operator.id, app.now()) {
        return Err(PasswordRefusal::TooMany);
    }
    let user = app.store.account_get(operator.id).await?.map(|account| account.user);
    if user.as_ref().is_some_and(|user| !user.is_local()) {
        return Err(PasswordRefusal::Elsewhere);
    }
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let own = format!("\0{}", operator.id);
    let asker = Asker { name: &own, address: &operator.address };
    let is_right = app.passwords.verify(asker, old, hash).await.map_err(away)?;
    let user = user.filter(|_| is_right).ok_or(PasswordRefusal::Wrong)?;
    app.throttle.forgive_user(operator.id);
    let hash = app.passwords.hash(new).await.map_err(away)?;
    let kept = Some(operator.session().to_owned());
    let is_set =
        app.store.user_set_password((user.id, user.version), (hash, false), kept, operator.by(app), None).await;
    app.rights_changed();
    if !is_set? {
        return Err(PasswordRefusal::Overtaken);
    }
    Ok(())
}

/// Whether a password may be used at all.
///
/// # Errors
/// [`PasswordRefusal::TooShort`] and [`PasswordRefusal::TooLong`].
pub(crate) fn password_check(new: &str) -> Result<(), PasswordRefusal> {
    if new.chars().count() < SHORTEST_PASSWORD {
        return Err(PasswordRefusal::TooShort { least: SHORTEST_PASSWORD });
    }
    if new.len() > LONGEST_PASSWORD { Err(PasswordRefusal::TooLong { most: LONGEST_PASSWORD }) } else { Ok(()) }
}

fn session_cookie(app: &App, token: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build(SESSION_COOKIE, token)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(app.config.admin.has_secure_cookies())
        .max_age(lifetime)
        .finish()
}

/// Logs why nobody can log in or change a password, where the log does not tell of it by itself. For pages, whose form comes
/// again with a word about it: the request log sees no failure in that.
pub(crate) fn note(app: &App, error: &ApiError) {
    if let Some(failure) = error.failure().filter(|failure| !failure.is_told) {
        slog::error!(app.log, "a password could not be looked at"; "failure" => %failure.id, "error" => &failure.chain);
    }
}

/// What is told when it is not the database that keeps somebody from logging in; the log has the reason.
fn unavailable(error: &(impl std::error::Error + 'static)) -> ApiError {
    ApiError::Unavailable(Failure::of(error))
}
