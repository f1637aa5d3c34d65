//! A relay for what executors call the admin with: callbacks can come twice, late, in another order, or lose their answer.
//!
//! Registrations pass as they are. One request at a time per connection, each on a new connection to the admin.

use std::io::{self, BufReader};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock;
use crate::dice::Dice;
use crate::http::{self, Message};

/// The longest that a callback is held, in milliseconds.
const LONGEST_HOLD: u64 = 1_500;

/// What happens to callbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They pass.
    Pass,
    /// Each is delivered twice.
    Repeat,
    /// Each waits as long as the others.
    Slow,
    /// Each waits as long as chance wants, so that later ones overtake.
    Reorder,
    /// Each arrives, and its answer is lost.
    CutAnswer,
}

struct Shared {
    admin: u16,
    mode: Mutex<Mode>,
    dice: Mutex<Dice>,
    complaints: Mutex<Vec<String>>,
    ended: AtomicBool,
}

/// The relay; it ends when dropped.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

impl Relay {
    /// Listens on a free port, for an admin at `admin`.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(admin: u16, seed: u64) -> io::Result<Relay> {
        let (listener, port) = super::listen()?;
        let shared = Arc::new(Shared {
            admin,
            mode: Mutex::new(Mode::Pass),
            dice: Mutex::new(Dice::new(seed)),
            complaints: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for node in listener.incoming() {
                if theirs.ended.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&theirs);
                // A connection that breaks is sent again by the node; there is nobody to tell.
                std::thread::spawn(move || node.and_then(|node| shared.serve(node)));
            }
        });
        Ok(Relay { port, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what happens to callbacks from now on.
    pub fn set(&self, mode: Mode) {
        *lock(&self.shared.mode) = mode;
    }

    /// Answers of the admin that break a promise.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        lock(&self.shared.complaints).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        // Wakes the listener, which then ends; when that fails it is gone already.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn serve(&self, node: TcpStream) -> io::Result<()> {
        node.set_nodelay(true)?;
        let mut input = BufReader::new(node.try_clone()?);
        while let Some(request) = Message::read(&mut input)? {
            let mode = if request.path().ends_with("/callback") { *lock(&self.mode) } else { Mode::Pass };
            // An admin that is away looks the same through the relay: the connection ends without an answer.
            let Some(mut answer) = self.deliver(&request, mode).ok().filter(|_| mode != Mode::CutAnswer) else {
                return node.shutdown(Shutdown::Both);
            };
            answer.headers.retain(|(name, _)| name != "connection");
            answer.write(&mut &node)?;
        }
        Ok(())
    }

    fn deliver(&self, request: &Message, mode: Mode) -> io::Result<Message> {
        match mode {
            Mode::Slow => clock::pause_ms(LONGEST_HOLD as i64 / 2),
            Mode::Reorder => clock::pause_ms(lock(&self.dice).between(0, LONGEST_HOLD) as i64),
            Mode::Pass | Mode::Repeat | Mode::CutAnswer => {}
        }
        let answer = http::call(self.admin, request.clone())?;
        if mode == Mode::Repeat {
            let again = http::call(self.admin, request.clone())?;
            if answer.status() == 200 && (400..500).contains(&again.status()) {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                lock(&self.complaints).push(format!("a repeated callback was answered {}: {body}", again.status()));
            }
        }
        Ok(answer)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is one statement: nothing is half done when a thread dies.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// An admin that answers every request with 200 and counts them.
    fn admin() -> (u16, Arc<Mutex<usize>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let count = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&count);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if Message::read(&mut BufReader::new(stream.try_clone().unwrap())).unwrap_or_default().is_some() {
                    *lock(&counted) += 1;
                    let answer = Message { start: "HTTP/1.1 200 OK".into(), ..Message::default() };
                    answer.write(&mut &stream).ok();
                }
            }
        });
        (port, count)
    }

    fn report(relay: &Relay, path: &str) -> io::Result<Message> {
        http::call(relay.port(), http::request("POST", path, &[], Some(&serde_json::json!({ "logId": 1 }))))
    }

    #[test]
    fn a_callback_can_be_delivered_twice_and_a_registration_cannot() {
        let (port, count) = admin();
        let relay = Relay::start(port, 1).unwrap();
        relay.set(Mode::Repeat);
        assert_eq!(report(&relay, "/api/admin/callback").unwrap().status(), 200);
        assert_eq!(*lock(&count), 2);
        report(&relay, "/api/admin/registry").unwrap();
        assert_eq!(*lock(&count), 3);
    }

    #[test]
    fn an_answer_can_be_lost_after_its_callback_arrived() {
        let (port, count) = admin();
        let relay = Relay::start(port, 1).unwrap();
        relay.set(Mode::CutAnswer);
        assert!(report(&relay, "/api/admin/callback").is_err());
        assert_eq!(*lock(&count), 1);
    }

    #[test]
    fn an_admin_that_is_away_is_a_connection_without_an_answer() {
        let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        assert!(report(&Relay::start(away, 1).unwrap(), "/api/admin/callback").is_err());
    }
}
