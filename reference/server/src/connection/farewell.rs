//! How a connection ends: with a `bye` and the close code beside its code, or with a close alone where the specification
//! has no code. // [WS-10]

use std::error::Error as _;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message};
use dispatch_protocol::limits::Limits;
use dispatch_protocol::refusal::{Code, Refusal};
use dispatch_protocol::wire::{Bye, ServerFrame};
use tokio_tungstenite::tungstenite;

use super::Connection;
use crate::house::{self, text};

/// How long the client may take to read the farewell and close its side.
const GRACE: Duration = Duration::from_secs(3);

/// After a frame that was too large to be read to its end, the socket is kept for so long: bytes that nobody reads make
/// the system reset the connection as it is closed, and the `bye` would be lost on the way.
const LINGER: Duration = Duration::from_secs(1);

/// Why a connection ends.
pub(super) enum End {
    /// It broke.
    Closed,
    /// The client closed it; the library's answer has still to be written.
    Answered,
    /// A `bye` says why.
    Bye(Bye),
    /// The same, where the rest of what the client sent cannot be read.
    ByeUnread(Bye),
    /// The server stops.
    Stop,
    /// Nobody joined in time. // [WS-8]
    NoJoin,
    /// The bytes were not UTF-8. // [CONV-7]
    NotText,
    /// The client broke the rules of RFC 6455.
    BrokenProtocol,
    /// The server failed.
    Failed,
}

impl End {
    /// What an error of the socket means.
    pub(super) fn of(error: axum::Error, limits: &Limits) -> End {
        use tungstenite::Error;
        let cause = error
            .source()
            .and_then(|cause| cause.downcast_ref::<Error>());
        match cause {
            Some(Error::Utf8(_)) => End::NotText,
            Some(Error::Capacity(_)) => match too_large(limits) {
                End::Bye(bye) => End::ByeUnread(bye),
                other => other,
            },
            Some(Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => End::Closed,
            Some(Error::Protocol(_)) => End::BrokenProtocol,
            _ => End::Closed,
        }
    }
}

/// [LIM-2]
pub(super) fn too_large(limits: &Limits) -> End {
    let detail = format!(
        "a frame is longer than {} bytes, which is the limit",
        limits.frame_bytes
    );
    End::Bye(Bye::new(Refusal::new(Code::TooLarge, "LIM-2", detail)))
}

/// [SYNC-4]
pub(super) fn slow_reader() -> End {
    End::Bye(Bye::new(house::slow_reader()))
}

impl Connection {
    /// Says why, closes, and waits for the client to do the same.
    pub(super) async fn farewell(&mut self, end: End) {
        if matches!(end, End::Stop) {
            self.settle().await;
        }
        let unread = matches!(end, End::ByeUnread(_));
        let (bye, code, reason) = match end {
            End::Closed => return,
            End::Answered => {
                let _ = tokio::time::timeout(GRACE, self.drain()).await;
                return;
            }
            End::Bye(bye) | End::ByeUnread(bye) => {
                let (code, reason) = (bye.code.close_code().unwrap_or(1011), bye.code.as_str());
                (Some(bye), code, reason)
            }
            End::Stop => {
                // [WS-9]
                let bye = Bye::new(house::shutting_down());
                (Some(bye), 1001, Code::ShuttingDown.as_str())
            }
            End::NoJoin => (None, 1008, "no join within the time that there is for it"),
            End::NotText => (None, 1007, "not UTF-8"),
            End::BrokenProtocol => (None, 1002, "not as RFC 6455 has it"),
            End::Failed => (None, 1011, "the server failed"),
        };
        if let Some(bye) = &bye {
            self.house.metrics.said_bye(bye.code);
        }
        let close = Message::Close(Some(CloseFrame {
            code,
            reason: reason.into(),
        }));
        let saying = async {
            if let Some(bye) = bye {
                self.socket
                    .send(Message::Text(text(&ServerFrame::Bye(bye))))
                    .await?;
            }
            self.socket.send(close).await?;
            self.drain().await;
            Ok::<(), axum::Error>(())
        };
        let _ = tokio::time::timeout(GRACE, saying).await;
        if unread {
            tokio::time::sleep(LINGER).await;
        }
    }

    /// Reads and drops what the client still sends, until it has closed its side.
    async fn drain(&mut self) {
        while let Some(Ok(_)) = self.socket.recv().await {}
    }

    /// Reads nothing more, but waits for the answers to what was taken, and writes them.
    async fn settle(&mut self) {
        while self.outbox.unanswered() > 0 {
            self.outbox.arrived().await;
            if self.answer().await.is_err() {
                return;
            }
        }
        let _ = self.answer().await;
    }
}
