//! A relay for any protocol over TCP: bytes pass, slowly, partly, or not at all.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock;

/// Bytes that one look takes at most.
const PIECE: usize = 16 * 1024;

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Requests.
    Server,
    /// Answers.
    Client,
}

/// What the relay does with what passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It lets everything through.
    Pass,
    /// Every piece waits so many milliseconds.
    Slow(u64),
    /// After so many bytes in a direction the connection is cut, and the next one that carries as many again.
    Cut(Toward, u64),
    /// No connection stays, and none is taken.
    Refuse,
}

struct Shared {
    upstream: u16,
    mode: Mutex<Mode>,
    /// Bytes that may still pass before a cut.
    budget: AtomicU64,
    cuts: AtomicU64,
    ended: AtomicBool,
    /// Both ends of every connection, by a number.
    connections: Mutex<HashMap<u64, (TcpStream, TcpStream)>>,
}

/// A relay in front of a loopback port; it ends when dropped.
pub struct Relay {
    port: u16,
    shared: Arc<Shared>,
}

impl Relay {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(upstream: u16) -> io::Result<Relay> {
        let (listener, port) = super::listen()?;
        let shared = Arc::new(Shared {
            upstream,
            mode: Mutex::new(Mode::Pass),
            budget: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let theirs = Arc::clone(&shared);
        std::thread::spawn(move || {
            for (number, client) in (0_u64..).zip(listener.incoming()) {
                if theirs.ended.load(Ordering::Relaxed) {
                    return;
                }
                // A client that is gone already needs nothing.
                let _ = client.and_then(|client| theirs.connect(number, client));
            }
        });
        Ok(Relay { port, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what it does, at once and for connections that are open too.
    pub fn set(&self, mode: Mode) {
        if let Mode::Cut(_, after) = mode {
            self.shared.budget.store(after, Ordering::Relaxed);
        }
        *lock(&self.shared.mode) = mode;
        if mode == Mode::Refuse {
            self.shared.cut_all();
        }
    }

    /// How many connections were cut so far.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        self.shared.cut_all();
        // Wakes the listener, which then ends; when that fails it is gone already.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Shared {
    fn connect(self: &Arc<Self>, number: u64, client: TcpStream) -> io::Result<()> {
        if *lock(&self.mode) == Mode::Refuse {
            self.cuts.fetch_add(1, Ordering::Relaxed);
            return client.shutdown(Shutdown::Both);
        }
        let server = TcpStream::connect(("127.0.0.1", self.upstream))?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        lock(&self.connections).insert(number, (client.try_clone()?, server.try_clone()?));
        let ways = [(Toward::Server, client.try_clone()?, server.try_clone()?), (Toward::Client, server, client)];
        for (toward, from, to) in ways {
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                // An error is a connection that broke, which is what a relay is for.
                let _ = shared.pump(toward, from, to);
                shared.cut(number);
            });
        }
        Ok(())
    }

    fn pump(&self, toward: Toward, mut from: TcpStream, mut to: TcpStream) -> io::Result<()> {
        let mut piece = vec![0; PIECE];
        loop {
            let length = from.read(&mut piece)?;
            let Some(bytes) = piece.get(..length).filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
            let mode = *lock(&self.mode);
            match mode {
                Mode::Pass => to.write_all(bytes)?,
                Mode::Slow(millis) => {
                    clock::pause(std::time::Duration::from_millis(millis));
                    to.write_all(bytes)?;
                }
                Mode::Cut(way, after) if way == toward => {
                    let allowed = self.budget.load(Ordering::Relaxed);
                    let through = usize::try_from(allowed).unwrap_or(usize::MAX).min(bytes.len());
                    to.write_all(bytes.get(..through).unwrap_or_default())?;
                    if through < bytes.len() {
                        self.budget.store(after, Ordering::Relaxed);
                        self.cuts.fetch_add(1, Ordering::Relaxed);
                        return Ok(());
                    }
                    self.budget.fetch_sub(through as u64, Ordering::Relaxed);
                }
                Mode::Cut(..) => to.write_all(bytes)?,
                Mode::Refuse => return Ok(()),
            }
        }
    }

    fn cut(&self, number: u64) {
        let ends = lock(&self.connections).remove(&number);
        for end in ends.iter().flat_map(|(client, server)| [client, server]) {
            // It may be closed already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    fn cut_all(&self) {
        let numbers: Vec<u64> = lock(&self.connections).keys().copied().collect();
        self.cuts.fetch_add(numbers.len() as u64, Ordering::Relaxed);
        numbers.into_iter().for_each(|number| self.cut(number));
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

    /// A server that sends back what it gets.
    fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    io::copy(&mut &stream, &mut &stream).ok();
                });
            }
        });
        port
    }

    fn said(relay: &Relay, text: &[u8]) -> Vec<u8> {
        let stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        let sent = (&stream).write_all(text).and_then(|()| stream.shutdown(Shutdown::Write));
        let mut heard = Vec::new();
        if sent.is_ok() {
            (&stream).take(text.len() as u64).read_to_end(&mut heard).ok();
        }
        heard
    }

    #[test]
    fn bytes_pass_as_they_are() {
        let relay = Relay::start(echo()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut heard = [0; 5];
        stream.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }

    #[test]
    fn an_answer_is_cut_after_so_many_bytes() {
        let relay = Relay::start(echo()).unwrap();
        relay.set(Mode::Cut(Toward::Client, 3));
        let mut stream = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        stream.write_all(b"hello").unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).ok();
        assert_eq!(heard, b"hel");
        assert_eq!(relay.cuts(), 1);
    }

    #[test]
    fn a_relay_that_refuses_answers_nothing_and_drops_what_is_open() {
        let relay = Relay::start(echo()).unwrap();
        let mut open = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        open.write_all(b"a").unwrap();
        open.read_exact(&mut [0]).unwrap();
        relay.set(Mode::Refuse);
        assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)));
        assert_eq!(said(&relay, b"hello"), b"");
        relay.set(Mode::Pass);
        let mut again = TcpStream::connect(("127.0.0.1", relay.port())).unwrap();
        again.write_all(b"b").unwrap();
        again.read_exact(&mut [0]).unwrap();
    }
}
