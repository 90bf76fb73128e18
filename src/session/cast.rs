//! The people of a scenario and the words they say: unpredictable, and repeatable from the seed.

use fastrand::Rng;

use crate::hunt::Marker;

/// The people who write to the bot, and everything else that is drawn for one scenario.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The owner's WeChat id.
    pub owner: String,
    /// A person on the allowlist.
    pub friend: String,
    /// A person nobody admitted.
    pub stranger: String,
    /// The kit's own contact, on the allowlist where there is one.
    pub fence: String,
    /// The bot's id.
    pub bot: String,
    /// The bot token.
    pub token: String,
    /// Where AIOS wants the events.
    pub workspace: String,
    /// Which agent answers.
    pub agent: String,
    rng: Rng,
    /// Stands in every body of the scenario, so that one search finds them all.
    tag: String,
    /// An unpredictable word of every body that was drawn: what must be found nowhere.
    bodies: Vec<Marker>,
}

/// How many letters all bodies of a scenario share, and how many are a body's own.
const TAG: usize = 8;
const OWN: usize = 6;

const WORDS: [&str; 24] = [
    "river",
    "lantern",
    "明天",
    "coffee",
    "see you",
    "好的",
    "harbour",
    "window",
    "照片",
    "seven",
    "maybe",
    "north",
    "可以吗",
    "train",
    "ticket",
    "🙂",
    "garden",
    "keys",
    "老师",
    "copper",
    "later",
    "谢谢",
    "blue",
    "stairs",
];

impl Cast {
    /// Draws a cast.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut name = |role: &str, end: &str| {
            let tag: String = (0..8)
                .map(|_| rng.alphanumeric().to_ascii_lowercase())
                .collect();
            format!("{role}{tag}{end}")
        };
        let (owner, friend) = (
            name("wx-owner-", "@im.wechat"),
            name("wx-friend-", "@im.wechat"),
        );
        let (stranger, fence) = (
            name("wx-other-", "@im.wechat"),
            name("wx-peer-", "@im.wechat"),
        );
        let (bot, token) = (name("", "@im.bot"), name("b7", "") + &name("", ""));
        let (workspace, agent) = (name("ws-", ""), name("agent-", ""));
        let tag = letters(&mut rng, TAG);
        Self {
            owner,
            friend,
            stranger,
            fence,
            bot,
            token,
            workspace,
            agent,
            rng,
            tag,
            bodies: Vec::new(),
        }
    }

    /// A short text that nobody can predict.
    pub fn text(&mut self) -> String {
        self.text_of("a body")
    }

    /// The same, to stand in this kind of body.
    pub fn text_of(&mut self, what: &'static str) -> String {
        let words: Vec<&str> = (0..4)
            .map(|_| WORDS[self.rng.usize(..WORDS.len())])
            .collect();
        format!(
            "{} {} {}",
            words[..2].join(" "),
            self.body_word_of(what),
            words[2..].join(" ")
        )
    }

    /// A word that nobody can predict, to stand in the body of a message.
    pub fn body_word(&mut self) -> String {
        self.body_word_of("a body")
    }

    /// The same, to stand in this kind of body: `a file name`.
    pub fn body_word_of(&mut self, what: &'static str) -> String {
        let words = self.tag.clone() + &letters(&mut self.rng, OWN);
        self.bodies.push(Marker {
            what: what.to_owned(),
            words: words.clone(),
        });
        words
    }

    /// The unpredictable words of all bodies so far, and what a body that was cut short still shows.
    #[must_use]
    pub fn bodies(&self) -> Vec<Marker> {
        let cut = Marker {
            what: "a part of a body".to_owned(),
            words: self.tag.clone(),
        };
        let cut = (!self.bodies.is_empty()).then_some(cut);
        self.bodies.iter().cloned().chain(cut).collect()
    }

    /// A word for the kit's own decoy, of the same kind as those of bodies.
    pub(super) fn decoy(&mut self) -> String {
        self.tag.clone() + &letters(&mut self.rng, OWN)
    }

    /// A word that nobody can predict.
    pub fn tag(&mut self) -> String {
        (0..10).map(|_| self.rng.alphanumeric()).collect()
    }

    /// A key of sixteen bytes.
    pub fn key(&mut self) -> u128 {
        self.rng.u128(..)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.rng.u64(..end)
    }

    /// The id of a person by the word that scenarios use.
    #[must_use]
    pub fn person(&self, who: Person) -> &str {
        match who {
            Person::Owner => &self.owner,
            Person::Friend => &self.friend,
            Person::Stranger => &self.stranger,
        }
    }
}

/// Letters that nobody can predict.
fn letters(rng: &mut Rng, count: usize) -> String {
    (0..count).map(|_| rng.lowercase()).collect()
}

/// A person as scenarios name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// The owner of the channel.
    Owner,
    /// Somebody on the allowlist.
    Friend,
    /// Somebody nobody admitted.
    Stranger,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_seed_repeats_the_cast_and_another_seed_does_not() {
        let texts = |seed| {
            let mut cast = Cast::draw(seed);
            (0..50).map(|_| cast.text()).collect::<Vec<_>>()
        };
        assert_eq!(texts(7), texts(7));
        assert_ne!(texts(7), texts(8));
        assert_eq!(texts(7).into_iter().collect::<BTreeSet<_>>().len(), 50);
    }
}
