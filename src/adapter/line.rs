//! Lines: how a byte stream is cut into frames of bounded length.

use std::io;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The most bytes a line may hold, its newline not counted.
pub const LINE_LIMIT: usize = 1024 * 1024;

/// What the next piece of a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A line, without its newline.
    Line(Bytes),
    /// The stream ended in the middle of this line.
    Unterminated(Bytes),
    /// More than [`LINE_LIMIT`] bytes without a newline; what was read of it. Nothing after it can
    /// be trusted.
    TooLong(Bytes),
    /// The stream ended where a line ended.
    End,
}

/// Reads lines from a stream. Reading may be cancelled at any point without losing bytes.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    source: R,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no newline.
    scanned: usize,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(crate) fn new(source: R) -> Self {
        Self {
            source,
            buffer: BytesMut::new(),
            scanned: 0,
        }
    }

    /// Waits for the next piece.
    pub(crate) async fn next(&mut self) -> io::Result<Cut> {
        loop {
            let unseen = &self.buffer[self.scanned..];
            if let Some(at) = unseen.iter().position(|byte| *byte == b'\n') {
                let length = self.scanned + at;
                self.scanned = 0;
                if length > LINE_LIMIT {
                    return Ok(Cut::TooLong(self.buffer.split_to(LINE_LIMIT).freeze()));
                }
                let line = self.buffer.split_to(length).freeze();
                self.buffer.advance(1);
                return Ok(Cut::Line(line));
            }
            self.scanned = self.buffer.len();
            if self.scanned > LINE_LIMIT {
                self.scanned = 0;
                return Ok(Cut::TooLong(self.buffer.split_to(LINE_LIMIT).freeze()));
            }
            self.buffer.reserve(8 * 1024);
            if self.source.read_buf(&mut self.buffer).await? == 0 {
                self.scanned = 0;
                return Ok(match self.buffer.split().freeze() {
                    rest if rest.is_empty() => Cut::End,
                    rest => Cut::Unterminated(rest),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cut, LINE_LIMIT, LineReader};
    use bytes::Bytes;

    async fn cuts(input: &[u8]) -> Vec<Cut> {
        let mut reader = LineReader::new(input);
        let mut seen = Vec::new();
        loop {
            let cut = reader.next().await.expect("a slice never fails");
            let last = !matches!(cut, Cut::Line(_));
            seen.push(cut);
            if last {
                return seen;
            }
        }
    }

    fn line(text: &'static str) -> Cut {
        Cut::Line(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_line_behind_a_bad_line_is_not_stuck() {
        let seen = cuts(b"\xff\n{}\n").await;
        assert_eq!(
            seen,
            [Cut::Line(Bytes::from_static(b"\xff")), line("{}"), Cut::End]
        );
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_told_from_a_whole_one() {
        assert_eq!(
            cuts(b"a\nb").await,
            [line("a"), Cut::Unterminated(Bytes::from_static(b"b"))]
        );
    }

    #[tokio::test]
    async fn a_line_of_exactly_the_limit_passes_and_one_byte_more_does_not() {
        let mut input = vec![b'a'; LINE_LIMIT];
        input.push(b'\n');
        assert!(matches!(&cuts(&input).await[0], Cut::Line(text) if text.len() == LINE_LIMIT));
        input.insert(0, b'a');
        assert!(matches!(&cuts(&input).await[0], Cut::TooLong(text) if text.len() == LINE_LIMIT));
    }
}
