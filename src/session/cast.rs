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
    /// What every body of the run begins with, so that one search finds them all.
    tag: String,
    /// Follows it in every body of the scenario.
    scene: String,
    /// An unpredictable word of every body that was drawn: what must be found nowhere.
    bodies: Vec<Marker>,
}

/// How many letters all bodies of a run share, how many those of a scenario, and how many are a
/// body's own.
const TAG: usize = 8;
const SCENE: usize = 3;
const OWN: usize = 6;

/// How many characters all credentials of a run share, and how many are a credential's own.
const SECRET: usize = 6;
const SECRET_OWN: usize = 10;

/// What the markers of all scenarios of a run begin with: a file in which none of it is found holds
/// no marker of any of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tags {
    body: String,
    secret: String,
}

impl Tags {
    /// Those of the run with this seed.
    #[must_use]
    pub fn of(seed: u32) -> Self {
        // No scenario draws from this seed.
        let mut rng = Rng::with_seed(!u64::from(seed));
        Self {
            body: letters(&mut rng, TAG),
            secret: small(&mut rng, SECRET),
        }
    }
}

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
    /// Draws a cast for a scenario of the run with these tags.
    #[must_use]
    pub fn draw(seed: u64, tags: &Tags) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut name = |role: &str, end: &str| format!("{role}{}{end}", small(&mut rng, 8));
        let (owner, friend) = (
            name("wx-owner-", "@im.wechat"),
            name("wx-friend-", "@im.wechat"),
        );
        let (stranger, fence) = (
            name("wx-other-", "@im.wechat"),
            name("wx-peer-", "@im.wechat"),
        );
        let bot = name("", "@im.bot");
        let (workspace, agent) = (name("ws-", ""), name("agent-", ""));
        let token = format!("b7{}{}", tags.secret, small(&mut rng, SECRET_OWN));
        let scene = letters(&mut rng, SCENE);
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
            tag: tags.body.clone(),
            scene,
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
        // It comes first: what is kept of a text is often its beginning.
        format!("{} {}", self.body_word_of(what), words.join(" "))
    }

    /// A word that nobody can predict, to stand in the body of a message.
    pub fn body_word(&mut self) -> String {
        self.body_word_of("a body")
    }

    /// The same, to stand in this kind of body: `a file name`.
    pub fn body_word_of(&mut self, what: &'static str) -> String {
        let words = self.word();
        self.bodies.push(Marker {
            what: what.to_owned(),
            words: words.clone(),
        });
        words
    }

    /// The unpredictable words of all bodies so far, and what a body that was cut short still shows.
    #[must_use]
    pub fn bodies(&self) -> Vec<Marker> {
        let cut = |words| Marker {
            what: "a part of a body".to_owned(),
            words,
        };
        let cut = [self.tag.clone() + &self.scene, self.tag.clone()].map(cut);
        let cut = cut.into_iter().filter(|_| !self.bodies.is_empty());
        self.bodies.iter().cloned().chain(cut).collect()
    }

    /// Whether words that were found may be another scenario's: only what all bodies of the run
    /// begin with is there.
    pub(super) fn may_be_another_scenes(&self, words: &str) -> bool {
        words == self.tag
    }

    fn word(&mut self) -> String {
        format!("{}{}{}", self.tag, self.scene, letters(&mut self.rng, OWN))
    }

    /// A word for the kit's own decoy, of the same kind as those of bodies.
    pub(super) fn decoy(&mut self) -> String {
        self.word()
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

/// Small letters and digits that nobody can predict.
fn small(rng: &mut Rng, count: usize) -> String {
    let drawn = (0..count).map(|_| rng.alphanumeric().to_ascii_lowercase());
    drawn.collect()
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
            let mut cast = Cast::draw(seed, &Tags::of(1));
            (0..50).map(|_| cast.text()).collect::<Vec<_>>()
        };
        assert_eq!(texts(7), texts(7));
        assert_ne!(texts(7), texts(8));
        let tags = |run: u32, scene| Cast::draw(scene, &Tags::of(run)).body_word();
        assert_eq!(tags(1, 7)[..TAG], tags(1, 8)[..TAG]);
        assert_ne!(tags(1, 7)[..TAG + SCENE], tags(1, 8)[..TAG + SCENE]);
        assert_ne!(tags(1, 7)[..TAG], tags(2, 7)[..TAG]);
        assert_eq!(texts(7).into_iter().collect::<BTreeSet<_>>().len(), 50);
    }
}
