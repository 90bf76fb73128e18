//! Business errors: what `ret` and `errcode` of a successful HTTP answer mean.

use std::fmt;

/// An answer that may be a refusal in an HTTP 200.
pub trait Answer {
    /// The refusal, if `ret` or `errcode` is not zero.
    fn refusal(&self) -> Option<Refusal>;
}

/// Why WeChat refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `errcode`, or `ret` where that is all there is. Never 0.
    pub code: i64,
    /// `errmsg`, often empty.
    pub errmsg: String,
}

impl Refusal {
    /// A failed call, at most general.
    pub const SYSTEM: i64 = -1;
    /// The context is restricted, or a rate limit was hit.
    pub const RESTRICTED: i64 = -2;
    /// An argument was invalid.
    pub const INVALID_ARGUMENT: i64 = -3;
    /// Reported as a rate limit.
    pub const RATE_LIMITED: i64 = -13;
    /// The bot token is stale.
    pub const SESSION_EXPIRED: i64 = -14;

    /// The refusal in the two codes of an answer, if there is one.
    #[must_use]
    pub fn of(ret: i64, errcode: i64, errmsg: &str) -> Option<Self> {
        let code = if errcode == 0 { ret } else { errcode };
        (code != 0).then(|| Self {
            code,
            errmsg: errmsg.to_owned(),
        })
    }

    /// What it means, as far as anybody knows.
    #[must_use]
    pub fn meaning(&self) -> Meaning {
        match (self.code, self.errmsg.as_str()) {
            (Self::SESSION_EXPIRED, _) => Meaning::SessionExpired,
            (Self::RATE_LIMITED, _) | (Self::RESTRICTED, "freq limit" | "rate limited") => {
                Meaning::RateLimited
            }
            (Self::RESTRICTED, "prepare failed") => Meaning::Restricted,
            (Self::RESTRICTED, _) => Meaning::ContextRefused,
            (Self::INVALID_ARGUMENT, _) => Meaning::InvalidArgument,
            _ => Meaning::Other,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errmsg.as_str() {
            "" => write!(f, "code {}", self.code),
            errmsg => write!(f, "code {} ({errmsg})", self.code),
        }
    }
}

/// The meaning of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// -14: only a new login helps.
    SessionExpired,
    /// -13, or -2 with a message that says so: later it may work.
    RateLimited,
    /// -2 `prepare failed`: a rate limit or a restricted context; nobody knows which.
    Restricted,
    /// -2 otherwise: this context token is used up, too old or unknown.
    ContextRefused,
    /// -3.
    InvalidArgument,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_code_alone_is_a_refusal() {
        assert_eq!(Refusal::of(0, 0, "ok"), None);
        for (ret, errcode) in [(-14, 0), (0, -14), (-14, -14)] {
            let refusal = Refusal::of(ret, errcode, "").unwrap();
            assert_eq!(refusal.meaning(), Meaning::SessionExpired);
        }
    }

    #[test]
    fn minus_two_means_what_its_message_says() {
        let meaning = |errmsg| Refusal::of(-2, -2, errmsg).unwrap().meaning();
        assert_eq!(meaning("freq limit"), Meaning::RateLimited);
        assert_eq!(meaning("rate limited"), Meaning::RateLimited);
        assert_eq!(meaning("prepare failed"), Meaning::Restricted);
        assert_eq!(meaning("unknown error"), Meaning::ContextRefused);
        assert_eq!(meaning(""), Meaning::ContextRefused);
    }
}
