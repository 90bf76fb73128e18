//! Stdin and stdout, read and written by the event loop where they are pipes, as the kit's are.
//!
//! The runtime's own have a thread each and hand every line over to it, which costs a process that
//! lives for milliseconds more than its work does.

use tokio::io::{AsyncRead, AsyncWrite, stdin, stdout};

/// This process's input.
pub(crate) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
    #[cfg(target_os = "linux")]
    // Opened anew: not to wait is a property of the opened pipe, and others may hold this one.
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_receiver("/proc/self/fd/0") {
        return Box::new(pipe);
    }
    Box::new(stdin())
}

/// This process's output.
pub(crate) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
    #[cfg(target_os = "linux")]
    if let Ok(pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender("/proc/self/fd/1") {
        return Box::new(pipe);
    }
    Box::new(stdout())
}
