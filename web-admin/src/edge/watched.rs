//! A connection that ends when its time is over, see [`super::pace`].
//!
//! It has one timer, which rings every [`Limits::head`](super::pace::Limits) at most and is then set to what is due: a request costs no
//! timer of its own.

use super::pace::Pace;
use crate::tls;
use actix_web::rt::net::TcpStream;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What has a socket of the operating system under it.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + 'static {
    /// That socket.
    fn socket(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Socket for tls::Stream {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// See the module.
pub(crate) struct Watched<S> {
    stream: S,
    pace: Rc<Pace>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Since when the caller takes nothing of what is to be sent.
    blocked_since: Option<Instant>,
    is_over: bool,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, pace: Rc<Pace>) -> Watched<S> {
        Watched { stream, pace, timer: None, blocked_since: None, is_over: false }
    }

    pub(crate) fn stream(&self) -> &S {
        &self.stream
    }

    pub(crate) fn pace(&self) -> &Rc<Pace> {
        &self.pace
    }

    /// When it ends if nothing more happens. In HTTP/2 what waits to be taken may be nothing but answers to pings, of which a few bytes
    /// now and then keep no connection: whichever is over first.
    fn ends_at(&self) -> Option<Instant> {
        let taken_until = self.blocked_since.map(|since| since + self.pace.limits().idle);
        if self.pace.counts_heads() {
            return taken_until.or_else(|| self.pace.ends_at());
        }
        taken_until.into_iter().chain(self.pace.ends_at()).min()
    }

    /// Whether its time is over although there is always something to read: pings without a pause leave no moment for the timer.
    fn is_flooded(&self) -> bool {
        !self.pace.counts_heads() && self.ends_at().is_some_and(|at| at <= Instant::now())
    }

    /// Ready when the time is over; until then whoever asks is woken to ask again.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let look_every = self.pace.limits().head;
        let ends_at = self.ends_at();
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + look_every)));
        if let Some(at) = ends_at.filter(|at| *at < timer.deadline()) {
            timer.as_mut().reset(at);
        }
        while !self.is_over {
            let ends_at = self.ends_at();
            let Some(timer) = &mut self.timer else { break };
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            match ends_at {
                Some(at) if at <= now => self.is_over = true,
                Some(at) => timer.as_mut().reset(at),
                None => timer.as_mut().reset(now + look_every),
            }
        }
        Poll::Ready(())
    }

    /// How it ends: in good order, unless the caller takes nothing any more.
    fn end(&self) -> io::Result<()> {
        if self.blocked_since.is_some() { Err(ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// What became of sending something.
    fn sent<T>(&mut self, sent: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.blocked_since = None;
            self.pace.left();
            return sent;
        }
        self.blocked_since.get_or_insert_with(Instant::now);
        self.poll_over(cx).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        me.is_over |= me.is_flooded();
        if me.is_over {
            return Poll::Ready(me.end());
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut me.stream).poll_read(cx, buf);
        if read.is_pending() {
            return me.poll_over(cx).map(|()| me.end());
        }
        if buf.filled().len() > before {
            me.pace.arrived();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.sent(sent, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.sent(sent, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // Flushing without anything to flush takes no time of its own.
        if flushed.is_pending() {
            return self.sent(flushed, cx);
        }
        self.blocked_since = None;
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        if shut.is_ready() { shut } else { self.sent(shut, cx) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pace::Limits;
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::advance;

    const LIMITS: Limits = Limits { head: Duration::from_secs(10), idle: Duration::from_secs(75) };

    /// A connection, and the caller's end of it.
    fn connection(counts_heads: bool) -> (Watched<DuplexStream>, DuplexStream) {
        let (stream, caller) = duplex(64);
        (Watched::new(stream, Pace::new(LIMITS, counts_heads)), caller)
    }

    /// Reads until there is nothing more for now; `true`: the connection ended.
    async fn is_ended(connection: &mut Watched<DuplexStream>) -> bool {
        let mut room = [0; 64];
        loop {
            match tokio::time::timeout(Duration::ZERO, connection.read(&mut room)).await {
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_comes_line_by_line_ends_its_connection_and_an_idle_one_is_kept() {
        let (mut connection, mut caller) = connection(true);
        drop(connection.pace().clone().begin(None));
        assert!(!is_ended(&mut connection).await);
        advance(Duration::from_secs(70)).await;
        assert!(!is_ended(&mut connection).await, "idle");
        caller.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        for _ in 0..2 {
            assert!(!is_ended(&mut connection).await);
            advance(Duration::from_secs(5)).await;
            caller.write_all(b"X: 1\r\n").await.unwrap();
        }
        advance(Duration::from_millis(1)).await;
        assert!(is_ended(&mut connection).await, "ten seconds after its first byte");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_under_way_ends_and_afterwards_a_connection_is_idle_for_so_long() {
        let (mut connection, _caller) = connection(true);
        let turn = connection.pace().clone().begin(None);
        for _ in 0..100 {
            assert!(!is_ended(&mut connection).await);
            advance(Duration::from_secs(30)).await;
        }
        drop(turn);
        assert!(!is_ended(&mut connection).await);
        advance(LIMITS.idle - Duration::from_millis(10)).await;
        assert!(!is_ended(&mut connection).await);
        advance(Duration::from_millis(20)).await;
        assert!(is_ended(&mut connection).await);
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_the_second_version_are_no_heads_but_an_idle_connection_of_it_ends_too() {
        let (mut connection, mut caller) = connection(false);
        for _ in 0..7 {
            caller.write_all(b"a ping").await.unwrap();
            assert!(!is_ended(&mut connection).await);
            advance(Duration::from_secs(10)).await;
        }
        assert!(!is_ended(&mut connection).await);
        advance(Duration::from_secs(6)).await;
        assert!(is_ended(&mut connection).await);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_pings_keep_no_connection_of_the_second_version() {
        let (mut connection, mut caller) = connection(false);
        let mut room = [0; 4];
        for _ in 0..8 {
            assert!(!is_ended(&mut connection).await);
            connection.write_all(b"pong").await.unwrap();
            caller.read_exact(&mut room).await.unwrap();
            advance(Duration::from_secs(10)).await;
        }
        assert!(is_ended(&mut connection).await);
    }

    /// Sends until the caller takes nothing more for now; `true`: the connection ended.
    async fn is_ended_for_sending(connection: &mut Watched<DuplexStream>) -> bool {
        loop {
            match tokio::time::timeout(Duration::ZERO, connection.write(b"pong")).await {
                Ok(Err(_)) => return true,
                Ok(Ok(_)) => {}
                Err(_) => return false,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_to_pings_that_are_taken_a_few_bytes_at_a_time_keep_no_connection_of_the_second_version() {
        let (mut connection, mut caller) = connection(false);
        let mut room = [0; 4];
        for _ in 0..8 {
            assert!(!is_ended_for_sending(&mut connection).await);
            advance(Duration::from_secs(10)).await;
            caller.read_exact(&mut room).await.unwrap();
        }
        assert!(is_ended_for_sending(&mut connection).await || is_ended(&mut connection).await);
    }

    #[tokio::test(start_paused = true)]
    async fn pings_without_a_pause_keep_no_connection_of_the_second_version() {
        let (mut connection, mut caller) = connection(false);
        let mut room = [0; 8];
        let mut read = async |after| {
            advance(after).await;
            caller.write_all(b"a ping").await.unwrap();
            connection.read(&mut room).await.unwrap()
        };
        for _ in 0..7 {
            assert_eq!(read(Duration::from_secs(10)).await, 6);
        }
        assert_eq!(read(Duration::from_secs(6)).await, 0, "there is something to read all the time");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_whose_answers_nobody_takes_ends_in_the_second_version_too_and_one_that_waits_for_us_does_not()
    {
        let (mut connection, _caller) = connection(false);
        let begin = || connection.pace().clone().begin(None);
        let (mut download, mut events) = (begin(), begin());
        download.wait_for_caller(true);
        for _ in 0..10 {
            assert!(!is_ended(&mut connection).await, "the stream of events has nothing to say");
            advance(Duration::from_secs(30)).await;
        }
        events.wait_for_caller(true);
        for _ in 0..10 {
            assert!(!is_ended(&mut connection).await, "taken slowly");
            advance(Duration::from_secs(60)).await;
            download.wait_for_caller(false);
            download.wait_for_caller(true);
        }
        assert!(!is_ended(&mut connection).await);
        advance(LIMITS.idle + Duration::from_millis(1)).await;
        assert!(is_ended(&mut connection).await);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_taken_slowly_goes_on_and_one_that_nobody_takes_ends() {
        let (mut connection, mut caller) = connection(true);
        let _turn = connection.pace().clone().begin(None);
        let wanted = [0; 64];
        connection.write_all(&wanted).await.unwrap();
        let mut room = [0; 32];
        for _ in 0..10 {
            let sending = tokio::time::timeout(Duration::from_secs(60), connection.write_all(&wanted[..32]));
            let taking = async {
                tokio::task::yield_now().await;
                advance(Duration::from_secs(50)).await;
                caller.read_exact(&mut room).await.unwrap();
            };
            let (sent, ()) = futures_util::join!(sending, taking);
            sent.unwrap().unwrap();
        }
        let begun = Instant::now();
        let refused = connection.write_all(&wanted).await.unwrap_err();
        assert_eq!((refused.kind(), begun.elapsed().as_secs()), (ErrorKind::TimedOut, 75));
    }
}
