//! Waivers: findings that somebody has looked at, with a reason and a last day.

use jiff::civil::Date;
use serde::Deserialize;

/// `spec/waivers.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waivers {
    /// The waivers.
    pub waivers: Vec<Waiver>,
}

/// One finding that may stand for a while.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The finding's name, as the gate prints it.
    pub finding: String,
    /// Why it may stand, in words.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: String,
}

impl Waivers {
    /// Reads waivers.
    ///
    /// # Errors
    /// If the text is not JSON of this shape, or a waiver has no reason or no day.
    pub fn read(text: &str) -> Result<Self, String> {
        let waivers: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        for waiver in &waivers.waivers {
            if waiver.reason.trim().is_empty() {
                return Err(format!(
                    "the waiver of `{}` gives no reason",
                    waiver.finding
                ));
            }
            if waiver.expires.parse::<Date>().is_err() {
                return Err(format!(
                    "the waiver of `{}` expires on `{}`, not on a day such as 2027-01-31",
                    waiver.finding, waiver.expires
                ));
            }
        }
        Ok(waivers)
    }
}

impl Waiver {
    /// Whether its last day has passed.
    #[must_use]
    pub fn has_expired(&self, today: Date) -> bool {
        self.expires.parse::<Date>().is_ok_and(|last| last < today)
    }
}
