//! Bodies of answers: watches that are late, stutter and break.

use super::Faults;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The body of an answer through a faulty connection.
pub enum FaultyBody {
    /// All at once.
    Whole(Option<Bytes>),
    /// A watch.
    Watch(Box<FaultyWatch>),
}

/// A watch through a faulty connection.
pub struct FaultyWatch {
    inner: rollouts_memkube::Body,
    faults: Faults,
    /// Nothing is heard any more once one of these is cancelled.
    silent: [CancellationToken; 2],
    broken: Pin<Box<WaitForCancellationFutureOwned>>,
    name: String,
    /// Events on their way, with the time of their arrival, in order.
    late: VecDeque<(Instant, Bytes)>,
    timer: Pin<Box<Sleep>>,
    /// What comes behind the events on their way.
    end: Option<End>,
}

#[derive(Clone, Copy)]
enum End {
    /// As the server does it.
    Orderly,
    /// The connection breaks.
    Broken,
}

impl FaultyWatch {
    pub(super) fn new(
        inner: rollouts_memkube::Body,
        faults: Faults,
        silent: [CancellationToken; 2],
        broken: CancellationToken,
        name: String,
    ) -> Self {
        let (timer, broken) = (Box::pin(sleep_until(Instant::now())), Box::pin(broken.cancelled_owned()));
        FaultyWatch { inner, faults, silent, broken, name, late: VecDeque::new(), timer, end: None }
    }

    fn take_in(&mut self, line: Bytes) {
        let fate = self.faults.event();
        let arrival = (Instant::now() + fate.lag).max(self.late.back().map_or_else(Instant::now, |(at, _)| *at));
        if fate.twice {
            self.late.push_back((arrival, line.clone()));
        }
        if fate.cut {
            self.faults.note(&format!("{} is cut", self.name));
            self.end = Some(End::Broken);
        } else {
            self.late.push_back((arrival, line));
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.silent.iter().any(CancellationToken::is_cancelled) {
            return Poll::Pending;
        }
        if self.end.is_none() && self.broken.as_mut().poll(cx).is_ready() {
            self.faults.note(&format!("{} breaks", self.name));
            self.late.clear();
            self.end = Some(End::Broken);
        }
        while self.end.is_none() {
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    if let Ok(line) = frame.into_data() {
                        self.take_in(line);
                    }
                }
                Poll::Ready(Some(Err(never))) => match never {},
                Poll::Ready(None) => self.end = Some(End::Orderly),
                Poll::Pending => break,
            }
        }
        if let Some((arrival, _)) = self.late.front() {
            if *arrival > Instant::now() {
                self.timer.as_mut().reset(*arrival);
                if self.timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
            return Poll::Ready(self.late.pop_front().map(|(_, line)| Ok(Frame::data(line))));
        }
        match self.end {
            None => Poll::Pending,
            Some(End::Orderly) => Poll::Ready(None),
            Some(End::Broken) => {
                self.end = Some(End::Orderly);
                Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::ConnectionReset, "connection reset by peer"))))
            }
        }
    }
}

impl Body for FaultyBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match &mut *self {
            FaultyBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            FaultyBody::Watch(watch) => watch.poll(cx),
        }
    }
}
