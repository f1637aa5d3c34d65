//! Style, script, pictures: embedded in the binary, served under an address that changes with their content.
//!
//! The version in the address is a hash over all assets, so a browser may keep them for a year and still never shows a new
//! page with an old style. An old version's address answers the present file, to be asked for again each time.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, EntityTag, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

#[derive(RustEmbed)]
#[folder = "assets/"]
struct Assets;

/// The hash over names and contents of all assets, 16 hex digits.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Assets::iter().collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update(Assets::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    hex(&hash.finalize(), 8)
});

fn hex(bytes: &[u8], count: usize) -> String {
    bytes.iter().take(count).map(|byte| format!("{byte:02x}")).collect()
}

/// The address of an asset, such as `app.css`.
pub(crate) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// `GET /assets/{version}/{name}`.
pub(crate) async fn serve(path: web::Path<(String, String)>, request: HttpRequest) -> HttpResponse {
    let (version, name) = path.into_inner();
    let Some(file) = Assets::get(&name) else { return HttpResponse::NotFound().finish() };
    let tag = EntityTag::new_strong(hex(&file.metadata.sha256_hash(), 16));
    let caching = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if known.contains(tag.tag()) {
        return HttpResponse::NotModified()
            .insert_header((ETAG, tag.to_string()))
            .insert_header((CACHE_CONTROL, caching))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type(&name)))
        .insert_header((ETAG, tag.to_string()))
        .insert_header((CACHE_CONTROL, caching))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .body(file.data.into_owned())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::{App, test};

    async fn get(address: &str, known: &str) -> actix_web::dev::ServiceResponse {
        let app = test::init_service(App::new().route("/assets/{version}/{name:.*}", web::get().to(serve))).await;
        let request = test::TestRequest::get().uri(address).insert_header((IF_NONE_MATCH, known)).to_request();
        test::call_service(&app, request).await
    }

    #[actix_web::test]
    async fn an_asset_may_be_kept_for_a_year_and_is_not_sent_twice() {
        let first = get(&address("app.css"), "").await;
        assert!(first.headers().get(CACHE_CONTROL).unwrap().to_str().unwrap().contains("immutable"));
        let tag = first.headers().get(ETAG).unwrap().to_str().unwrap().to_owned();
        assert_eq!(get(&address("app.css"), &tag).await.status(), 304);
    }

    #[actix_web::test]
    async fn an_old_version_is_answered_but_not_kept() {
        let old = get("/assets/0000/app.css", "").await;
        assert_eq!(
            (old.status().as_u16(), old.headers().get(CACHE_CONTROL).unwrap().to_str().unwrap()),
            (200, "no-cache")
        );
        assert_eq!(get("/assets/0000/../Cargo.toml", "").await.status(), 404);
    }
}
