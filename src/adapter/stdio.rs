//! Stdin and stdout, read and written by the event loop where they are pipes, as the kit's are.
//!
//! The runtime's own have a thread each and hand every line over to it. For a process that lives
//! only milliseconds, that costs more than its work.

use tokio::io::{AsyncRead, AsyncWrite, stdin, stdout};

/// This process's input.
pub(crate) fn input() -> Box<dyn AsyncRead + Send + Unpin> {
    #[cfg(target_os = "linux")]
    if let Some(pipe) = pipe::opened_anew(0, |options, path| options.open_receiver(path)) {
        return Box::new(pipe);
    }
    Box::new(stdin())
}

/// This process's output.
pub(crate) fn output() -> Box<dyn AsyncWrite + Send + Unpin> {
    #[cfg(target_os = "linux")]
    if let Some(pipe) = pipe::opened_anew(1, |options, path| options.open_sender(path)) {
        return Box::new(pipe);
    }
    Box::new(stdout())
}

#[cfg(target_os = "linux")]
mod pipe {
    use std::{fs, io};

    use tokio::net::unix::pipe::OpenOptions;

    /// The pipe that a descriptor is, opened once more: not to wait is a property of what was
    /// opened, and others may hold that. A pipe with a name is left as it is; opened again, its end
    /// may be missed.
    pub(super) fn opened_anew<T>(
        descriptor: u8,
        open: impl FnOnce(&OpenOptions, &str) -> io::Result<T>,
    ) -> Option<T> {
        let path = format!("/proc/self/fd/{descriptor}");
        let target = fs::read_link(&path).ok()?;
        let is_nameless = target.to_str()?.starts_with("pipe:");
        is_nameless.then(|| open(&OpenOptions::new(), &path).ok())?
    }
}
