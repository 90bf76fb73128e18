//! What may happen: a configuration, and steps in an order that nobody chose.

use proptest::collection::vec;
use proptest::prelude::*;

/// A configuration and what happens under it.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) setup: Setup,
    pub(super) steps: Vec<Step>,
}

/// The part of the configuration that differs from script to script.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the switches of a configuration"
)]
pub(super) struct Setup {
    pub(super) owner: bool,
    pub(super) owner_only: bool,
    pub(super) pairing: bool,
    pub(super) cache: bool,
    pub(super) transcripts: bool,
    pub(super) window_sec: i64,
    pub(super) chunk: usize,
}

/// Whoever writes, or is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Person {
    Owner,
    /// On the allowlist, as the cousin.
    Friend,
    Cousin,
    Stranger,
    /// Their id is the owner's in other letters.
    LookAlike,
}

impl Person {
    pub(super) const ALL: [Self; 5] = [
        Self::Owner,
        Self::Friend,
        Self::Cousin,
        Self::Stranger,
        Self::LookAlike,
    ];

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Owner => "wx-owner-001@im.wechat",
            Self::Friend => "wx-friend-002@im.wechat",
            Self::Cousin => "wx-friend-0021@im.wechat",
            Self::Stranger => "wx-stranger-009@im.wechat",
            Self::LookAlike => "wx-OWNER-001@im.wechat",
        }
    }
}

/// What a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Words,
    /// The same words every time.
    SameWords,
    /// Words that look like a command.
    Command,
    TwoTexts,
    WordsAndFile,
    /// Words that quote another message.
    Quote,
    Image,
    File,
    Voice,
    VoiceWithTranscript,
    /// An item of a kind that does not exist yet.
    NewKind,
    Empty,
    /// An item that is not what its kind says.
    Malformed,
    /// Half a character.
    Torn,
    Recalled,
    Draft,
    /// The bot's own.
    Own,
    /// Without any id.
    Nameless,
}

/// Which ids WeChat gives a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    Both,
    OnlyMessageId,
    OnlyClientId,
}

/// One entry of a batch.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    New {
        from: Person,
        content: Content,
        group: bool,
        ids: Ids,
    },
    /// The message so many places back, once more.
    Again { back: usize, new_id: bool },
}

/// A call of the adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Poll,
    Send,
    Typing,
}

/// How WeChat fails it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    Connection,
    Timeout,
    Status {
        retry_after_sec: Option<u64>,
    },
    Malformed,
    Expired,
    Limited,
    Context,
    Other,
    /// It takes effect, and the answer is lost.
    Lost,
    /// Nothing comes until time passes.
    Stalled {
        takes_effect: bool,
    },
}

/// How AIOS takes events.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mood {
    Unavailable(usize),
    Refusing(usize),
    /// It gives no answer, whether it took the event or not.
    Silent {
        takes: bool,
    },
    Answering,
}

/// What AIOS wants done.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) kind: Kind,
    pub(super) to: Person,
    pub(super) reply: Reply,
    /// How many chunks its text makes, about.
    pub(super) chunks: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Error,
    Approval,
    Approve,
    Deny,
    Working,
}

/// Which message an action answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    None,
    /// The newest that AIOS has of the person.
    Newest,
    /// Any that AIOS has, counted back.
    Any(usize),
}

/// How much time passes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tick {
    Ms(i64),
    HalfWindows(i64),
}

/// What a disk does to every file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Damage {
    Half,
    Noise,
    Gone,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// WeChat gives a batch.
    Give(Vec<Entry>),
    /// WeChat fails the next calls.
    Fail {
        call: Call,
        /// How many go well before.
        after: usize,
        how: Failing,
        times: usize,
    },
    /// WeChat forgets every position.
    ForgetPositions,
    /// WeChat refuses the contexts it gave so far.
    ExpireContexts(Person),
    Aios(Mood),
    Act(Order),
    /// AIOS repeats the action so many places back.
    Repeat(usize),
    Tick(Tick),
    /// AIOS asks for health and access.
    Ask,
    /// A stop and a start.
    Restart,
    /// The process dies before its next effect but so many, and is started again.
    Kill(usize),
    /// It dies at once, and its files are not what they were.
    Damage(Damage),
}

fn person() -> impl Strategy<Value = Person> {
    prop_oneof![
        5 => Just(Person::Owner),
        4 => Just(Person::Friend),
        2 => Just(Person::Cousin),
        1 => Just(Person::Stranger),
        1 => Just(Person::LookAlike),
    ]
}

fn content() -> impl Strategy<Value = Content> {
    let rare = [
        Content::SameWords,
        Content::Command,
        Content::TwoTexts,
        Content::WordsAndFile,
        Content::Quote,
        Content::Image,
        Content::File,
        Content::Voice,
        Content::VoiceWithTranscript,
        Content::NewKind,
        Content::Empty,
        Content::Malformed,
        Content::Torn,
        Content::Recalled,
        Content::Draft,
        Content::Own,
        Content::Nameless,
    ];
    prop_oneof![2 => Just(Content::Words), 3 => proptest::sample::select(rare.to_vec())]
}

fn entry() -> impl Strategy<Value = Entry> {
    let ids = prop_oneof![
        8 => Just(Ids::Both),
        1 => Just(Ids::OnlyMessageId),
        1 => Just(Ids::OnlyClientId),
    ];
    let new = (person(), content(), prop::bool::weighted(0.06), ids).prop_map(
        |(from, content, group, ids)| Entry::New {
            from,
            content,
            group,
            ids,
        },
    );
    let again = (0..8_usize, prop::bool::weighted(0.3))
        .prop_map(|(back, new_id)| Entry::Again { back, new_id });
    prop_oneof![5 => new, 2 => again]
}

fn failing() -> impl Strategy<Value = Failing> {
    proptest::sample::select(vec![
        Failing::Connection,
        Failing::Timeout,
        Failing::Status {
            retry_after_sec: None,
        },
        Failing::Status {
            retry_after_sec: Some(7),
        },
        Failing::Malformed,
        Failing::Expired,
        Failing::Limited,
        Failing::Context,
        Failing::Other,
        Failing::Lost,
        Failing::Stalled { takes_effect: true },
        Failing::Stalled {
            takes_effect: false,
        },
    ])
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        3 => (1..4_usize).prop_map(Mood::Unavailable),
        1 => (1..3_usize).prop_map(Mood::Refusing),
        2 => any::<bool>().prop_map(|takes| Mood::Silent { takes }),
        3 => Just(Mood::Answering),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let kind = prop_oneof![
        5 => Just(Kind::Message),
        1 => Just(Kind::Error),
        1 => Just(Kind::Approval),
        3 => Just(Kind::Approve),
        1 => Just(Kind::Deny),
        1 => Just(Kind::Working),
    ];
    let reply = prop_oneof![
        1 => Just(Reply::None),
        4 => Just(Reply::Newest),
        1 => (0..6_usize).prop_map(Reply::Any),
    ];
    (kind, person(), reply, 1..4_usize).prop_map(|(kind, to, reply, chunks)| Order {
        kind,
        to,
        reply,
        chunks,
    })
}

fn tick() -> impl Strategy<Value = Tick> {
    prop_oneof![
        6 => proptest::sample::select(vec![20, 250, 500, 1_000, 4_000]).prop_map(Tick::Ms),
        1 => Just(Tick::Ms(24 * 60 * 60 * 1_000)),
        2 => (1..6_i64).prop_map(Tick::HalfWindows),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let call = proptest::sample::select(vec![Call::Poll, Call::Send, Call::Send, Call::Typing]);
    let after = prop_oneof![3 => Just(0), 1 => 1..3_usize];
    let damage = proptest::sample::select(vec![Damage::Half, Damage::Noise, Damage::Gone]);
    prop_oneof![
        14 => vec(entry(), 1..5).prop_map(Step::Give),
        4 => (call, after, failing(), 1..3_usize)
            .prop_map(|(call, after, how, times)| Step::Fail { call, after, how, times }),
        1 => Just(Step::ForgetPositions),
        1 => person().prop_map(Step::ExpireContexts),
        5 => mood().prop_map(Step::Aios),
        8 => order().prop_map(Step::Act),
        3 => (0..4_usize).prop_map(Step::Repeat),
        9 => tick().prop_map(Step::Tick),
        2 => Just(Step::Ask),
        2 => Just(Step::Restart),
        4 => (0..12_usize).prop_map(Step::Kill),
        1 => damage.prop_map(Step::Damage),
    ]
}

fn setup() -> impl Strategy<Value = Setup> {
    (
        prop::bool::weighted(0.9),
        prop::bool::weighted(0.15),
        prop::bool::weighted(0.35),
        any::<bool>(),
        any::<bool>(),
        proptest::sample::select(vec![3_600, 60, 2]),
        proptest::sample::select(vec![2_000, 24, 9]),
    )
        .prop_map(
            |(owner, owner_only, pairing, cache, transcripts, window_sec, chunk)| Setup {
                owner,
                owner_only: owner_only && owner,
                pairing,
                cache,
                transcripts,
                window_sec,
                chunk,
            },
        )
}

/// Scripts of exactly `length` steps. A smaller one leaves steps out, and has simpler ones.
pub(super) fn script(length: usize) -> impl Strategy<Value = Script> {
    // `true` always, until it is simplified to `false`.
    let kept = prop::bool::weighted(1.0);
    let parts = (vec(kept, length), setup(), vec(step(), length));
    parts.prop_map(|(kept, setup, steps)| Script {
        setup,
        steps: std::iter::zip(kept, steps)
            .filter_map(|(kept, step)| kept.then_some(step))
            .collect(),
    })
}
