//! Login by QR code: what becomes of a code, as a script.

use std::collections::BTreeMap;

use crate::wire::QrStatus;

/// The digits that the phone shows where a code must be verified.
pub const VERIFY_CODE: &str = "246810";
/// How many wrong digits are taken before a code is blocked.
const WRONG_MAX: u32 = 3;
/// How many codes are remembered.
const CODES_MAX: usize = 1000;

/// The codes that were given out, and what becomes of them.
pub(super) struct Login {
    codes: BTreeMap<String, Code>,
    /// One step for each status call, over all codes; the last is repeated.
    script: Vec<QrStatus>,
    step: usize,
    /// Whether the last call heard what the next one will hear too, while the client waits.
    still: bool,
}

#[derive(Default)]
struct Code {
    number: usize,
    bound: bool,
    wrong: u32,
    over: Option<QrStatus>,
}

impl Login {
    pub(super) fn new() -> Self {
        let script = vec![QrStatus::Wait, QrStatus::Scaned, QrStatus::Confirmed];
        Self {
            codes: BTreeMap::new(),
            script,
            step: 0,
            still: false,
        }
    }

    /// Whether asking once more brings nothing new.
    pub(super) const fn is_still(&self) -> bool {
        self.still
    }

    /// What the next status calls will hear.
    pub(super) fn script(&mut self, script: Vec<QrStatus>) {
        self.script = script;
        self.step = 0;
        self.still = false;
    }

    /// A new code. `bound` says that the client still has a good token.
    pub(super) fn open(&mut self, qrcode: String, bound: bool) {
        if self.codes.len() == CODES_MAX {
            let oldest = self.codes.iter().min_by_key(|(_, code)| code.number);
            if let Some(oldest) = oldest.map(|(qrcode, _)| qrcode.clone()) {
                self.codes.remove(&oldest);
            }
        }
        if self.step >= self.script.len() {
            self.step = 0;
        }
        let number = self
            .codes
            .values()
            .map(|code| code.number + 1)
            .max()
            .unwrap_or(0);
        self.codes.insert(
            qrcode,
            Code {
                number,
                bound,
                ..Code::default()
            },
        );
    }

    /// What became of a code. An unknown one is expired; a final status stays.
    pub(super) fn status(&mut self, qrcode: &str, verify_code: Option<&str>) -> QrStatus {
        let Some(code) = self.codes.get_mut(qrcode) else {
            return QrStatus::Expired;
        };
        if let Some(over) = code.over {
            return over;
        }
        let mut status = self
            .script
            .get(self.step)
            .copied()
            .unwrap_or(QrStatus::Wait);
        if status == QrStatus::NeedVerifycode {
            match verify_code {
                Some(VERIFY_CODE) => {
                    self.step += 1;
                    status = self
                        .script
                        .get(self.step)
                        .copied()
                        .unwrap_or(QrStatus::Confirmed);
                }
                Some(_) => code.wrong += 1,
                None => {}
            }
            if code.wrong >= WRONG_MAX {
                status = QrStatus::VerifyCodeBlocked;
            }
        }
        if status == QrStatus::Confirmed && code.bound {
            status = QrStatus::BindedRedirect;
        }
        let last = self.step + 1 >= self.script.len();
        self.still = last && matches!(status, QrStatus::Wait | QrStatus::Scaned);
        self.step += usize::from(status != QrStatus::NeedVerifycode && !last);
        if matches!(
            status,
            QrStatus::Confirmed
                | QrStatus::Expired
                | QrStatus::VerifyCodeBlocked
                | QrStatus::BindedRedirect
        ) {
            code.over = Some(status);
            // The next code begins a new run of the script once this one is done.
            self.step += usize::from(last);
        }
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(login: &mut Login, qrcode: &str, calls: usize) -> Vec<QrStatus> {
        (0..calls).map(|_| login.status(qrcode, None)).collect()
    }

    #[test]
    fn a_code_goes_through_its_script_and_stays_at_its_end() {
        use QrStatus::{Confirmed, Expired, Scaned, Wait};
        let mut login = Login::new();
        login.open("one".into(), false);
        assert_eq!(
            statuses(&mut login, "one", 4),
            [Wait, Scaned, Confirmed, Confirmed]
        );
        assert_eq!(statuses(&mut login, "foreign", 1), [Expired]);
        login.open("two".into(), false);
        assert_eq!(statuses(&mut login, "two", 3), [Wait, Scaned, Confirmed]);
    }

    #[test]
    fn a_script_goes_on_with_the_next_code() {
        use QrStatus::{Confirmed, Expired, Wait};
        let mut login = Login::new();
        login.script(vec![Wait, Expired, Wait, Confirmed]);
        login.open("one".into(), false);
        assert_eq!(statuses(&mut login, "one", 3), [Wait, Expired, Expired]);
        login.open("two".into(), false);
        assert_eq!(statuses(&mut login, "two", 2), [Wait, Confirmed]);
    }

    #[test]
    fn a_client_with_a_good_token_is_told_that_it_is_bound() {
        let mut login = Login::new();
        login.script(vec![QrStatus::Confirmed]);
        login.open("one".into(), true);
        assert_eq!(login.status("one", None), QrStatus::BindedRedirect);
    }

    #[test]
    fn digits_are_asked_for_until_they_are_right_or_wrong_too_often() {
        let mut login = Login::new();
        login.script(vec![QrStatus::NeedVerifycode, QrStatus::Confirmed]);
        login.open("one".into(), false);
        assert_eq!(login.status("one", None), QrStatus::NeedVerifycode);
        assert_eq!(login.status("one", Some("0")), QrStatus::NeedVerifycode);
        assert_eq!(login.status("one", Some(VERIFY_CODE)), QrStatus::Confirmed);
        login.script(vec![QrStatus::NeedVerifycode]);
        login.open("two".into(), false);
        for _ in 1..WRONG_MAX {
            assert_eq!(login.status("two", Some("0")), QrStatus::NeedVerifycode);
        }
        assert_eq!(login.status("two", Some("0")), QrStatus::VerifyCodeBlocked);
    }
}
