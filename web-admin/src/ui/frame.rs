//! What surrounds every page: navigation, search, preferences, the user, a note about what was just done.

use super::assets;
use super::flash::Flash;
use super::language::Theme;
use super::words::Words;
use crate::access::{Permission, Rights};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use hzm_job_actors::LiveFigures;

/// The part of the admin a page belongs to: what the navigation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Jobs,
    Runs,
    Executors,
    Actors,
    Operations,
    Users,
    /// None of the navigation.
    Elsewhere,
}

/// One entry of the navigation.
pub(crate) struct NavEntry {
    pub(crate) href: &'static str,
    pub(crate) word: &'static str,
    /// The picture's name in the sprite.
    pub(crate) icon: &'static str,
    pub(crate) current: bool,
    /// The live figure beside it: its name in the stream, and its value now.
    pub(crate) count: Option<(&'static str, i64)>,
    /// Whether the figure is bad news; nothing is shown while it is 0.
    pub(crate) alarms: bool,
}

/// Who is logged in, as the frame shows it.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) name: String,
    pub(crate) csrf: String,
}

/// The surroundings of a page.
pub(crate) struct Frame {
    pub(crate) w: &'static Words,
    pub(crate) theme: Theme,
    pub(crate) zone: Tz,
    /// The page's own address: where a change of language comes back to.
    pub(crate) path: String,
    pub(crate) title: String,
    pub(crate) place: Place,
    pub(crate) who: Option<Who>,
    /// What the reader may do; `None`: nobody is logged in, and nothing is offered.
    pub(crate) rights: Option<Rights>,
    pub(crate) figures: LiveFigures,
    pub(crate) flash: Option<Flash>,
    /// The text in the search field.
    pub(crate) sought: String,
    /// Whether the request sent a form rather than asked for a page.
    pub(crate) is_sent: bool,
    /// The present moment.
    pub(crate) now: DateTime<Utc>,
}

impl Frame {
    /// So many seconds ago, in the reader's zone.
    pub(crate) fn moment_ago(&self, seconds: u64) -> String {
        let ago = TimeDelta::try_seconds(i64::try_from(seconds).unwrap_or(0)).unwrap_or_default();
        (self.now - ago).with_timezone(&self.zone).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// The token that posted forms carry; empty on pages without a user.
    pub(crate) fn csrf(&self) -> &str {
        self.who.as_ref().map_or("", |who| who.csrf.as_str())
    }

    /// The navigation, in its order.
    pub(crate) fn navigation(&self) -> Vec<NavEntry> {
        let (c, figures) = (&self.w.c, &self.figures);
        let is_current = |place| self.place == place;
        let entry = |place, href, word, icon, count| NavEntry {
            href,
            word,
            icon,
            current: is_current(place),
            count,
            alarms: false,
        };
        let live = |name, value| Some((name, value)).filter(|_| self.sees_all());
        let everybody = [
            entry(Place::Jobs, "/jobs", c.jobs, "jobs", live("jobs", figures.jobs)),
            entry(Place::Runs, "/runs", c.runs, "runs", live("runs_open", figures.runs_open)),
            entry(Place::Executors, "/executors", c.executors, "executors", live("executors", figures.executors)),
        ];
        if self.rights.is_none() {
            return Vec::new();
        }
        let overview = entry(Place::Overview, "/", c.overview, "overview", None);
        let quarantined = Some(("jobs_quarantined", figures.jobs_quarantined));
        let actors = NavEntry { alarms: true, ..entry(Place::Actors, "/actors", c.actors, "actors", quarantined) };
        let operations = entry(Place::Operations, "/operations", c.operations, "operations", None);
        let users = entry(Place::Users, "/users", c.users, "user", None);
        let first = self.sees_all().then_some(overview).into_iter();
        let last = self.sees_all().then_some(actors).into_iter();
        let administration = [operations, users].into_iter().filter(|_| self.administers());
        first.chain(everybody).chain(last).chain(administration).collect()
    }

    /// Whether the reader may start, stop, run and cancel.
    pub(crate) fn operates(&self) -> bool {
        self.may(Permission::Operate)
    }

    /// Whether the reader may create, change and delete jobs and clear runs.
    pub(crate) fn edits(&self) -> bool {
        self.may(Permission::Edit)
    }

    /// Whether the reader may change executors and users and read the operation log.
    pub(crate) fn administers(&self) -> bool {
        self.may(Permission::Administer)
    }

    /// Whether the reader sees every executor, and so the figures of all.
    pub(crate) fn sees_all(&self) -> bool {
        self.rights.as_ref().is_some_and(Rights::sees_all)
    }

    fn may(&self, permission: Permission) -> bool {
        self.rights.as_ref().is_some_and(|rights| rights.role.holds(permission))
    }

    /// The scheduling lag in words.
    pub(crate) fn lag(&self) -> String {
        self.w.duration(self.figures.lag_ms)
    }

    /// The languages to choose from: tag, own name, whether it is the present one.
    pub(crate) fn languages(&self) -> [(&'static str, &'static str, bool); 2] {
        [("en", "English", self.w.tag == "en"), ("zh-CN", "中文", self.w.tag != "en")]
    }

    /// The themes to choose from: word of the cookie, name, whether it is the present one.
    pub(crate) fn themes(&self) -> [(&'static str, &'static str, bool); 3] {
        let c = &self.w.c;
        let names = [(Theme::Light, c.light), (Theme::Dark, c.dark), (Theme::System, c.system)];
        names.map(|(theme, name)| (theme.word(), name, theme == self.theme))
    }
}
