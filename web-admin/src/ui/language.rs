//! Which language, theme and time zone a reader wants: by cookie, else by what the browser says.

use actix_web::HttpRequest;
use actix_web::http::header::ACCEPT_LANGUAGE;
use chrono_tz::Tz;
use hzm_job_scheduler::describe::Language;

/// The look of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// Dark letters on light ground.
    Light,
    /// Light letters on dark ground.
    Dark,
    /// As the operating system says.
    System,
}

impl Theme {
    /// The word of the cookie and of the `data-theme` attribute.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
            Theme::System => "system",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Theme> {
        [Theme::Light, Theme::Dark, Theme::System].into_iter().find(|theme| theme.word() == word)
    }
}

/// The language of the cookie `lang`, else the first of `Accept-Language` that is Chinese or English, else English.
pub(crate) fn language(request: &HttpRequest) -> Language {
    let chosen = request.cookie("lang").and_then(|cookie| from_tag(cookie.value()));
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.or_else(|| header.and_then(accepted)).unwrap_or(Language::En)
}

/// A language tag such as `zh-CN` or `en`.
pub(crate) fn from_tag(tag: &str) -> Option<Language> {
    match tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "zh" => Some(Language::Zh),
        "en" => Some(Language::En),
        _ => None,
    }
}

/// The best of an `Accept-Language` header; its quality values decide, then the order.
fn accepted(header: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for item in header.split(',').take(32) {
        let (tag, rest) = item.split_once(';').unwrap_or((item, ""));
        let quality = rest.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok()).unwrap_or(1.0);
        if let Some(language) = from_tag(tag)
            && quality > best.map_or(0.0, |(quality, _)| quality)
        {
            best = Some((quality, language));
        }
    }
    best.map(|(_, language)| language)
}

/// The theme of the cookie `theme`, else as the system.
pub(crate) fn theme(request: &HttpRequest) -> Theme {
    request.cookie("theme").and_then(|cookie| Theme::from_word(cookie.value())).unwrap_or(Theme::System)
}

/// The reader's time zone: the cookie `tz`, which the page's script keeps; UTC without it.
pub(crate) fn zone(request: &HttpRequest) -> Tz {
    let named = request.cookie("tz").and_then(|cookie| cookie.value().replace("%2F", "/").parse().ok());
    named.unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::cookie::Cookie;
    use actix_web::test::TestRequest;

    #[test]
    fn the_cookie_comes_before_the_browser() {
        let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, "zh-CN,zh;q=0.9"));
        assert_eq!(language(&request.cookie(Cookie::new("lang", "en")).to_http_request()), Language::En);
    }

    #[test]
    fn the_browser_decides_by_quality_then_by_order() {
        assert_eq!(accepted("fr, zh-TW;q=0.8, en;q=0.7"), Some(Language::Zh));
        assert_eq!(accepted("en-GB,zh"), Some(Language::En));
        assert_eq!(accepted("fr"), None);
        assert_eq!(accepted("zh;q=0, en;q=nonsense"), Some(Language::En));
    }

    #[test]
    fn a_zone_that_is_none_means_utc() {
        let with = |value: &str| TestRequest::default().cookie(Cookie::new("tz", value.to_owned())).to_http_request();
        assert_eq!(zone(&with("Asia/Shanghai")), Tz::Asia__Shanghai);
        assert_eq!(zone(&with("Mars/Olympus")), Tz::UTC);
    }
}
