//! The exit codes, as documented in `spec/verdicts.md`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, and nothing is wrong.
    Success,
    /// 1: the adapter, or the input, has a fault.
    Fault,
    /// 2: the command cannot be understood, or names what does not exist.
    Usage,
    /// 3: nothing could be decided.
    Inconclusive,
    /// 4: something generated is out of date, or a change breaks the contract.
    Outdated,
    /// 70: a fault of the kit.
    Kit,
}

impl Exit {
    /// The exit of a run whose report asks for this number.
    #[must_use]
    pub fn of(code: u8) -> Self {
        match code {
            0 => Self::Success,
            1 => Self::Fault,
            3 => Self::Inconclusive,
            _ => Self::Kit,
        }
    }

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Fault => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
            Self::Outdated => 4,
            Self::Kit => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
