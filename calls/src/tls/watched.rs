//! A stream that remembers why it broke: HTTP/2 passes on a text at best, and an alert of TLS says what
//! is to be done.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_rustls::rustls;

/// Why a stream broke, if it was TLS that broke it.
pub(crate) type Cause = Arc<OnceLock<rustls::Error>>;

/// Room for the first words of HTTP/2.
const WORDS_BYTES: usize = 256;

/// The stream.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    cause: Cause,
    /// What was heard and is still to be read.
    heard: BytesMut,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            cause: Cause::default(),
            heard: BytesMut::new(),
        }
    }

    pub(crate) fn cause(&self) -> Cause {
        Arc::clone(&self.cause)
    }
}

impl<S: AsyncRead + Unpin> Watched<S> {
    /// Waits until the other side has said something, or has ended the connection, and keeps it for
    /// whoever reads. Cancel safe.
    pub(crate) async fn listen(&mut self) -> io::Result<()> {
        let mut words = [0; WORDS_BYTES];
        let length = self.read(&mut words).await?;
        self.heard.extend_from_slice(&words[..length]);
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.heard.is_empty() {
            let length = self.heard.len().min(buffer.remaining());
            buffer.put_slice(&self.heard[..length]);
            self.heard.advance(length);
            return Poll::Ready(Ok(()));
        }
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if let Err(error) = &read
            && let Some(inner) = error.get_ref()
            && let Some(cause) = inner.downcast_ref::<rustls::Error>()
        {
            // The first one counts.
            let _ = self.cause.set(cause.clone());
        }
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
