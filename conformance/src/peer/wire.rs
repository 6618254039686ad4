//! The bytes under a WebSocket: a TCP connection that can be written to from beside, and frames made by hand.
//!
//! What a WebSocket library would never send has to be sent all the same: frames that are cut, unmasked, or of no
//! opcode that there is.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::sleep,
};

/// A TCP connection. Its clones are handles of one and the same; it ends with the last of them.
#[derive(Debug, Clone)]
pub struct Wire(Arc<TcpStream>);

impl Wire {
    /// Takes a connection over.
    pub fn new(stream: TcpStream) -> Self {
        Self(Arc::new(stream))
    }

    /// Sends bytes as they stand.
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Sends one byte at a time, with a pause after each.
    ///
    /// # Errors
    /// If the connection is over.
    pub async fn trickle(&self, bytes: &[u8], pause: Duration) -> io::Result<()> {
        for byte in bytes {
            self.write_all(std::slice::from_ref(byte)).await?;
            sleep(pause).await;
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(context))?;
            match self.0.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(context))?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Nothing to do: a WebSocket's client lets the server end the connection, and the last handle ends it otherwise.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The head of a WebSocket frame (RFC 6455, section 5.2), right or wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Four bits.
    pub opcode: u8,
    /// Whether it is the last of its message.
    pub last: bool,
    /// The three reserved bits.
    pub reserved: u8,
    /// The mask; a client's frame has to have one.
    pub mask: Option<[u8; 4]>,
}

impl Head {
    /// The frame with this head.
    pub fn frame(self, payload: &[u8]) -> Vec<u8> {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        let mut bytes =
            vec![u8::from(self.last) << 7 | (self.reserved & 7) << 4 | self.opcode & 15];
        match payload.len() {
            n @ 0..=125 => bytes.push(masked | n as u8),
            n @ 126..=0xffff => {
                bytes.push(masked | 126);
                bytes.extend((n as u16).to_be_bytes());
            }
            n => {
                bytes.push(masked | 127);
                bytes.extend((n as u64).to_be_bytes());
            }
        }
        match self.mask {
            None => bytes.extend(payload),
            Some(mask) => {
                bytes.extend(mask);
                let masks = mask.iter().cycle();
                bytes.extend(payload.iter().zip(masks).map(|(byte, mask)| byte ^ mask));
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_rfc_6455_section_5_7() {
        let text = Head {
            opcode: 1,
            last: true,
            reserved: 0,
            mask: None,
        };
        assert_eq!(text.frame(b"Hello"), b"\x81\x05Hello");
        let masked = Head {
            mask: Some([0x37, 0xfa, 0x21, 0x3d]),
            ..text
        };
        let due = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(masked.frame(b"Hello"), due);
        let first = Head {
            last: false,
            ..text
        };
        assert_eq!(first.frame(b"Hel"), b"\x01\x03Hel");
        assert_eq!(text.frame(&[7; 256])[..4], [0x81, 126, 1, 0]);
        assert_eq!(
            text.frame(&[7; 65536])[..10],
            [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]
        );
    }
}
