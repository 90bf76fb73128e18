//! Where two schemas say something different, for a reader who asks what was changed.

use serde_json::Value;

use super::form::is_annotation;
use super::telling::shown;

/// Places that are told.
const TOLD: usize = 6;

/// The places at which two schemas differ in what they ask, as `pointer: before → after`.
pub(super) fn places(old: &Value, new: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(Some(old), Some(new), "", &mut found);
    if found.len() > TOLD {
        let more = found.len() - TOLD;
        found.truncate(TOLD);
        found.push(format!("and {more} more"));
    }
    found
}

fn walk(old: Option<&Value>, new: Option<&Value>, at: &str, found: &mut Vec<String>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Value::Object(old)), Some(Value::Object(new))) => {
            // A member of these may be called as a keyword is.
            let free = at.ends_with("/properties") || at.ends_with("/$defs");
            let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
            names.sort();
            names.dedup();
            for name in names {
                if free || name == "$defs" || !is_annotation(name) {
                    let below = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
                    walk(old.get(name), new.get(name), &below, found);
                }
            }
        }
        (old, new) => {
            let side = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), shown);
            found.push(format!("{at}: {} → {}", side(old), side(new)));
        }
    }
}
