//! A fresh database on the servers that `TEST_DATABASE_URLS` names (separated by commas); without it there are none.

use diesel_async::{AsyncConnection, AsyncMysqlConnection, AsyncPgConnection, SimpleAsyncConnection};
use url::Url;

/// A server on which a test may make databases.
pub(crate) struct DatabaseServer(Url);

/// A database of its own for one test.
pub(crate) struct Fresh {
    server: Url,
    name: String,
    pub(crate) url: String,
}

/// The servers that the environment names.
pub(crate) fn servers() -> Vec<DatabaseServer> {
    let named = std::env::var("TEST_DATABASE_URLS").unwrap_or_default();
    let urls = named.split(',').map(str::trim).filter(|url| url.starts_with("mysql") || url.starts_with("postgres"));
    urls.map(|url| DatabaseServer(Url::parse(url).unwrap())).collect()
}

impl DatabaseServer {
    /// The URL of a database of this name on it.
    pub(crate) fn with_database(&self, name: &str) -> String {
        let mut url = self.0.clone();
        url.set_path(name);
        url.to_string()
    }
}

impl Fresh {
    /// Makes an empty database.
    pub(crate) async fn on(server: &DatabaseServer) -> Fresh {
        let name = format!("hzm_admin_{}", uuid::Uuid::new_v4().simple());
        command(&server.0, &format!("CREATE DATABASE {name}")).await;
        Fresh { server: server.0.clone(), url: server.with_database(&name), name }
    }

    /// Removes it again; one that a failed test leaves behind goes with the private server.
    pub(crate) async fn drop_it(self) {
        let how = if self.server.scheme() == "mysql" { "" } else { " WITH (FORCE)" };
        command(&self.server, &format!("DROP DATABASE {}{how}", self.name)).await;
    }
}

async fn command(server: &Url, text: &str) {
    if server.scheme() == "mysql" {
        AsyncMysqlConnection::establish(server.as_str()).await.unwrap().batch_execute(text).await.unwrap();
    } else {
        AsyncPgConnection::establish(server.as_str()).await.unwrap().batch_execute(text).await.unwrap();
    }
}
