//! One sender: hands its messages in, by a window or by a clock, and checks that each is acknowledged once. It reads
//! whatever comes while it writes, as two peers that both only write would wait for each other.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::{Sink, Stream};
use tokio::sync::mpsc::UnboundedReceiver;

use super::hearing::Heard;
use super::{Problem, Tally};

/// When the next message may go.
#[derive(Debug)]
pub enum Gate {
    /// While fewer than so many are without an answer.
    Window(usize),
    /// When the clock says so: each tick is the moment at which a message is meant to go, and is taken for the moment at
    /// which it was sent. So a server that stalls does not hide it by holding the sender up.
    Clock(UnboundedReceiver<Instant>),
}

/// A sender at work: a future that ends when all is answered, and read as far as it is expected to.
pub struct Sender<S, T, H> {
    socket: S,
    hear: H,
    messages: std::vec::IntoIter<T>,
    gate: Gate,
    /// When each was sent, or was meant to be.
    sent: Vec<Instant>,
    answers: Vec<Option<Answer>>,
    answered: usize,
    tally: Option<Tally>,
    allowed: usize,
    unflushed: bool,
}

/// The answer to one message.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// When it was sent, or was meant to be.
    pub sent: Instant,
    /// When the answer came.
    pub at: Instant,
    /// The number under which the message is delivered.
    pub number: u64,
}

/// What came of a sender's messages.
#[derive(Debug)]
pub struct Sent {
    /// One answer for each message, in the order in which they were sent.
    pub answers: Vec<Answer>,
    /// What it was sent of everybody's messages, if it is sent them.
    pub tally: Option<Tally>,
}

impl<S, T, I, H, E> Sender<S, T, H>
where
    S: Stream<Item = Result<I, E>> + Sink<T, Error = E> + Unpin,
    E: std::fmt::Display,
    H: Fn(&I) -> Heard,
{
    /// A sender of these messages. A `tally` is for a server that sends everything to everybody, senders included.
    pub fn new(
        socket: S,
        hear: H,
        messages: Vec<T>,
        gate: Gate,
        tally: Option<Tally>,
    ) -> Sender<S, T, H> {
        let count = messages.len();
        Sender {
            socket,
            hear,
            messages: messages.into_iter(),
            gate,
            sent: Vec::with_capacity(count),
            answers: vec![None; count],
            answered: 0,
            tally,
            allowed: 0,
            unflushed: false,
        }
    }

    fn is_done(&self) -> bool {
        self.answered == self.answers.len() && self.tally.as_ref().is_none_or(Tally::is_whole)
    }

    /// How many more may go now.
    fn room(&mut self, context: &mut Context<'_>) -> usize {
        match &mut self.gate {
            Gate::Window(width) => width.saturating_sub(self.sent.len() - self.answered),
            Gate::Clock(ticks) => {
                while let Poll::Ready(Some(tick)) = ticks.poll_recv(context) {
                    self.sent.push(tick);
                    self.allowed += 1;
                }
                self.allowed
            }
        }
    }

    fn write(&mut self, context: &mut Context<'_>) -> Result<(), Problem> {
        let failed = |error: E| Problem::new(format!("a sender's socket failed: {error}"));
        while self.messages.len() > 0 && self.room(context) > 0 {
            match Pin::new(&mut self.socket).poll_ready(context) {
                Poll::Pending => break,
                Poll::Ready(ready) => ready.map_err(failed)?,
            }
            let Some(message) = self.messages.next() else {
                break;
            };
            match self.gate {
                Gate::Window(_) => self.sent.push(Instant::now()),
                Gate::Clock(_) => self.allowed -= 1,
            }
            Pin::new(&mut self.socket)
                .start_send(message)
                .map_err(failed)?;
            self.unflushed = true;
        }
        if self.unflushed
            && let Poll::Ready(flushed) = Pin::new(&mut self.socket).poll_flush(context)
        {
            flushed.map_err(failed)?;
            self.unflushed = false;
        }
        Ok(())
    }

    fn heard(&mut self, heard: Heard) -> Result<(), Problem> {
        let at = Instant::now();
        match heard {
            Heard::Accepted { reference, number } => {
                let place = reference as usize;
                match (self.answers.get_mut(place), self.sent.get(place)) {
                    (Some(answer @ None), Some(sent)) => {
                        *answer = Some(Answer {
                            sent: *sent,
                            at,
                            number,
                        });
                        self.answered += 1;
                        Ok(())
                    }
                    (Some(Some(_)), _) => Err(Problem::new(format!(
                        "message {reference} of a sender was answered twice"
                    ))),
                    _ => Err(Problem::new(format!(
                        "an answer to message {reference}, which was not sent"
                    ))),
                }
            }
            Heard::Delivered(numbers) => match &mut self.tally {
                Some(tally) => tally
                    .take(numbers, at)
                    .map_err(Problem::at("what a sender was sent")),
                None => Ok(()),
            },
            Heard::Other => Ok(()),
            Heard::Wrong(words) => Err(Problem::new(words)),
        }
    }
}

impl<S, T, I, H, E> Future for Sender<S, T, H>
where
    S: Stream<Item = Result<I, E>> + Sink<T, Error = E> + Unpin,
    E: std::fmt::Display,
    T: Unpin,
    H: Fn(&I) -> Heard + Unpin,
{
    type Output = Result<Sent, Problem>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            this.write(context)?;
            if this.is_done() {
                let answers = std::mem::take(&mut this.answers);
                return Poll::Ready(Ok(Sent {
                    answers: answers.into_iter().flatten().collect(),
                    tally: this.tally.take(),
                }));
            }
            // Everything that has come is read before the next is written, so that one flush carries many.
            let mut came = false;
            while let Poll::Ready(next) = Pin::new(&mut this.socket).poll_next(context) {
                came = true;
                let message = match next {
                    Some(Ok(message)) => message,
                    Some(Err(error)) => {
                        let words = format!("a sender's socket failed: {error}");
                        return Poll::Ready(Err(Problem::new(words)));
                    }
                    None => {
                        let words = format!(
                            "the server hung up on a sender with {} messages unanswered",
                            this.answers.len() - this.answered
                        );
                        return Poll::Ready(Err(Problem::new(words)));
                    }
                };
                let heard = (this.hear)(&message);
                this.heard(heard)?;
            }
            if !came {
                return Poll::Pending;
            }
        }
    }
}
