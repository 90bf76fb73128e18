//! Two schemas of one document: what one accepts and the other refuses, proven or shown.

use serde::Serialize;
use serde_json::Value;

use super::form::Id;
use super::judge::Judge;
use super::sample::Sampler;
use super::search::Search;

/// Documents that are drawn by chance for each question.
const DRAWN: usize = 300;

/// Whether everything that one side accepts is accepted by the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Answer {
    /// The two schemas are the same but for words and order.
    Same,
    /// They differ, and no document tells them apart this way.
    Understood {
        /// How far it was looked, in words.
        looked: String,
    },
    /// There is a document that the reader refuses.
    Breaks {
        /// A smallest such document.
        witness: Value,
        /// Where the reader refuses it: a JSON pointer.
        pointer: String,
        /// By which keyword.
        keyword: String,
    },
    /// Neither was shown.
    Undecided {
        /// Why.
        reason: String,
    },
}

impl Answer {
    /// Whether the reader is known to understand everything.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        matches!(self, Self::Same | Self::Understood { .. })
    }
}

/// Compares schemas; what it has found out about one helps with the next.
#[derive(Debug, Default)]
pub struct Comparer {
    search: Search,
    seed: u64,
}

impl Comparer {
    /// A comparer whose draws by chance are decided by a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            search: Search::default(),
            seed,
        }
    }

    /// Whether every document that `writer` accepts is accepted by `reader`. Where `only` is given, of
    /// those documents only that it accepts too. `known` are documents to begin drawing from.
    pub fn one_way(
        &mut self,
        writer: &Value,
        reader: &Value,
        only: Option<&Value>,
        known: &[Value],
    ) -> Answer {
        match self.ask(writer, reader, only, known) {
            Ok(answer) => answer,
            Err(reason) => Answer::Undecided { reason },
        }
    }

    fn ask(
        &mut self,
        writer: &Value,
        reader: &Value,
        only: Option<&Value>,
        known: &[Value],
    ) -> Result<Answer, String> {
        let mut read = |schema: &Value| -> Result<Id, String> {
            let known = self.search.read(schema);
            known.map_err(|what| format!("the comparison does not know {what}"))
        };
        let (first, second) = (read(writer)?, read(reader)?);
        if first == second {
            return Ok(Answer::Same);
        }
        let mut demands = vec![(first, true), (second, false)];
        if let Some(only) = only {
            demands.push((read(only)?, true));
        }
        self.search.cases = 0;
        let found = self.search.smallest(demands, 1);
        let sides = Sides::of(writer, reader, only)?;
        match (found.first(), &found.doubt) {
            (Some(witness), _) => sides.confirm(witness),
            (None, Some(doubt)) => Err(format!(
                "no document was found, and there may be one: {doubt}"
            )),
            (None, None) => {
                let mut sampler = Sampler::new([writer, reader], known, self.seed);
                let drawn = std::iter::from_fn(|| sampler.draw()).take(DRAWN);
                let (mut tried, mut accepted) = (0, 0);
                for document in known.iter().cloned().chain(drawn) {
                    tried += 1;
                    if !sides.written(&document)? {
                        continue;
                    }
                    accepted += 1;
                    if !sides.read(&document)? {
                        return Err(format!(
                            "the search found no document and chance did: {document}; this is a fault of the comparison"
                        ));
                    }
                }
                Ok(Answer::Understood {
                    looked: format!(
                        "no such document in {} of the schemas; of {tried} drawn (seed {}) the writer accepts \
                         {accepted}, and the reader all of these",
                        cases(self.search.cases),
                        self.seed
                    ),
                })
            }
        }
    }
}

fn cases(count: usize) -> String {
    match count {
        1 => "1 case".to_owned(),
        many => format!("{many} cases"),
    }
}

/// Both schemas, each under two validators that share no code.
struct Sides<'s> {
    writer: (Judge<'s>, jsonschema::Validator),
    reader: (Judge<'s>, jsonschema::Validator),
    only: Option<Judge<'s>>,
}

impl<'s> Sides<'s> {
    fn of(writer: &'s Value, reader: &'s Value, only: Option<&'s Value>) -> Result<Self, String> {
        let side = |schema: &'s Value| {
            let other = jsonschema::validator_for(schema);
            let other = other
                .map_err(|error| format!("a second validator cannot read the schema: {error}"))?;
            Ok::<_, String>((Judge::of(schema), other))
        };
        Ok(Self {
            writer: side(writer)?,
            reader: side(reader)?,
            only: only.map(Judge::of),
        })
    }

    fn written(&self, document: &Value) -> Result<bool, String> {
        let among = self.only.as_ref().is_none_or(|only| only.accepts(document));
        Ok(among && both(&self.writer, document)?)
    }

    fn read(&self, document: &Value) -> Result<bool, String> {
        both(&self.reader, document)
    }

    /// A document is shown only if both validators say the same of it on both sides.
    fn confirm(&self, witness: &Value) -> Result<Answer, String> {
        if !self.written(witness)? || self.read(witness)? {
            return Err(format!(
                "the search found {witness}, and the validators do not see the difference; this is a fault of the \
                 comparison"
            ));
        }
        let refusal = self.reader.0.judge(witness).err();
        let (pointer, keyword) = refusal
            .map(|refusal| (refusal.pointer, refusal.keyword))
            .unwrap_or_default();
        Ok(Answer::Breaks {
            witness: witness.clone(),
            pointer,
            keyword,
        })
    }
}

/// What both validators say; an error if they disagree.
fn both((own, other): &(Judge, jsonschema::Validator), document: &Value) -> Result<bool, String> {
    let verdict = own.accepts(document);
    if verdict == other.is_valid(document) {
        Ok(verdict)
    } else {
        let word = |accepted| if accepted { "accepts" } else { "refuses" };
        Err(format!(
            "two validators disagree: one {} {document}, the other {} it",
            word(verdict),
            word(!verdict)
        ))
    }
}
