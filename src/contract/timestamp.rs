//! RFC 3339 instants, narrowed to one form that every validator reads alike.

use super::scalar::Form;

open_string! {
    /// An instant in RFC 3339 with `T`, a zone and at most nine fraction digits, without leap
    /// seconds, such as `2026-03-24T12:00:00.000Z`. The pattern is the definition: it does not know
    /// how many days a month has.
    pub struct Timestamp,
    Form {
        min: 20,
        max: 35,
        pattern: Some(
            "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
        ),
        matches: is_timestamp,
        expected: "an RFC 3339 instant such as `2026-03-24T12:00:00.000Z`",
    }
}

impl Timestamp {
    /// An instant from milliseconds since 1970, in UTC with three fraction digits and `Z`. What lies
    /// outside the years 0000 to 9999 becomes their nearest end.
    #[must_use]
    pub fn from_unix_ms(milliseconds: i64) -> Self {
        const FIRST: i64 = -62_167_219_200_000; // 0000-01-01T00:00:00.000Z
        const LAST: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z
        const DAY: i64 = 86_400_000;
        let milliseconds = milliseconds.clamp(FIRST, LAST);
        let (year, month, day) = civil_from_days(milliseconds.div_euclid(DAY));
        let rest = milliseconds.rem_euclid(DAY);
        let (hour, minute) = (rest / 3_600_000, rest / 60_000 % 60);
        let (second, fraction) = (rest / 1000 % 60, rest % 1000);
        Self(compact_str::format_compact!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z"
        ))
    }

    /// Milliseconds since 1970, finer digits cut off; `None` for a day that its month does not have.
    #[must_use]
    pub fn unix_ms(&self) -> Option<i64> {
        let text = self.0.as_str();
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let days = days_from_civil(year, month, day);
        if civil_from_days(days) != (year, month, day) {
            return None;
        }
        let zone = text.rfind(['Z', '+', '-'])?;
        let fraction = text.get(20..zone).unwrap_or_default();
        let milliseconds = format!("{fraction:0<3}").get(..3)?.parse::<i64>().ok()?;
        let offset = match text.as_bytes()[zone] {
            b'Z' => 0,
            sign => {
                let minutes = number(zone + 1, zone + 3)? * 60 + number(zone + 4, zone + 6)?;
                if sign == b'-' { -minutes } else { minutes }
            }
        };
        let minutes = days * 1440 + number(11, 13)? * 60 + number(14, 16)? - offset;
        Some((minutes * 60 + number(17, 19)?) * 1000 + milliseconds)
    }
}

/// Days since 1970-01-01 of a day of the Gregorian calendar, continued backwards.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March here, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// The published pattern, by hand.
fn is_timestamp(text: &str) -> bool {
    let bytes = text.as_bytes();
    let pair = |at: usize, from: u8, to: u8| match bytes.get(at..at + 2) {
        Some(&[tens, ones]) if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            (from..=to).contains(&((tens - b'0') * 10 + (ones - b'0')))
        }
        _ => false,
    };
    let mark = |at: usize, byte: u8| bytes.get(at) == Some(&byte);
    let date = pair(0, 0, 99) && pair(2, 0, 99) && mark(4, b'-') && pair(5, 1, 12) && mark(7, b'-');
    let time = pair(8, 1, 31) && mark(10, b'T') && pair(11, 0, 23) && mark(13, b':');
    if !(date && time && pair(14, 0, 59) && mark(16, b':') && pair(17, 0, 59)) {
        return false;
    }
    let mut zone = 19;
    if mark(19, b'.') {
        let digits = bytes[20..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        zone = 20 + digits;
    }
    match bytes.get(zone) {
        Some(b'Z') => bytes.len() == zone + 1,
        Some(b'+' | b'-') => {
            bytes.len() == zone + 6
                && pair(zone + 1, 0, 23)
                && mark(zone + 3, b':')
                && pair(zone + 4, 0, 59)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    fn ms(text: &str) -> Option<i64> {
        Timestamp::try_from(text).unwrap().unix_ms()
    }

    #[test]
    fn an_instant_and_its_milliseconds_are_one() {
        for (text, milliseconds) in [
            ("1970-01-01T00:00:00.000Z", 0),
            ("2026-03-24T12:00:00.000Z", 1_774_353_600_000),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
            ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            ("1969-12-31T23:59:59.999Z", -1),
        ] {
            assert_eq!(ms(text), Some(milliseconds), "{text}");
            assert_eq!(Timestamp::from_unix_ms(milliseconds).as_str(), text);
        }
    }

    #[test]
    fn zones_and_fractions_are_reckoned_in() {
        assert_eq!(ms("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(ms("1969-12-31T23:30:00-00:30"), Some(0));
        assert_eq!(ms("1970-01-01T00:00:00.1Z"), Some(100));
        assert_eq!(ms("1970-01-01T00:00:00.123456789Z"), Some(123));
    }

    #[test]
    fn a_day_that_its_month_lacks_has_no_milliseconds() {
        assert_eq!(ms("2026-02-30T00:00:00Z"), None);
        assert_eq!(ms("2026-02-29T00:00:00Z"), None);
        assert_eq!(ms("2026-04-31T00:00:00Z"), None);
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_calendar() {
        for days in -200_000..200_000 {
            let (year, month, day) = super::civil_from_days(days);
            assert_eq!(super::days_from_civil(year, month, day), days);
        }
    }
}
