//! Expressions: any text in every place where one can stand; what is accepted is evaluated on messages
//! and on bytes that are none.
//!
//! An input is a byte that says where the expression stands, a byte that says on what it is evaluated, and
//! the expression.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use pavane_flow::Timestamp;
use pavane_flow::language::json::validate;
use pavane_flow::language::{Compiled, Definition, compile};
use pavane_flow::plan::{EventMatch, Plan, Step, Work};
use pavane_flow::program::{EvaluationError, EventInfo, ExecutionInfo, Scope};
use prost_reflect::MessageDescriptor;

use super::{definitions, messages, shop};
use crate::random::Random;
use crate::{Target, corpus};

mod grammar;

/// Where an expression, `§`, can stand, and a step before.
const PLACES: [&str; 14] = [
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { a_string: § }",
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { an_int64: § }",
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { a_bool: § }",
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { numbers: § }",
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { any_json: § }",
    "steps: [{ id: other, call: test.Tests/Other }]\noutput: { inners: §, object: { a: [§, §] } }",
    "steps: [{ id: other, call: test.Tests/Other }, { id: b, call: test.Tests/Other, when: §, metadata: { x-m: § } }]",
    "steps: [{ id: other, call: test.Tests/Other }, { id: b, call: test.Tests/Other, for_each: { list: § }, \
     request: { texts: ['string(item)'] }, compensate: { call: test.Tests/Other, request: { text: § } } }]",
    "steps: [{ id: other, call: test.Tests/Other, for_each: { list: input.inners }, request: { text: §, inner: item } }]",
    "steps: [{ id: other, call: test.Tests/Other }, { id: b, wait: { duration: § } }]",
    "steps: [{ id: other, call: test.Tests/Other }, { id: b, wait: { until: § } }]",
    "steps: [{ id: other, call: test.Tests/Other }, { id: b, await: { feed: f, type: test.Inner, subject: §, match: § } }]",
    "steps: [{ id: other, call: test.Tests/Other }, { id: v, compute: § }, { id: w, compute: '[v, v]' }]\n\
     output: { a_string: \"string(v)\", a_bool: 'w == [v, v]', an_int64: w.size(), any_json: w }",
    "constants: { c: § }\nstart: { feed: f, type: test.Everything, match: §, input: { a_string: § } }\n\
     steps: [{ id: other, call: test.Tests/Other }]\noutput: { any_json: constants.c }",
];

pub(super) struct Expressions {
    everything: MessageDescriptor,
    inner: MessageDescriptor,
    event: MessageDescriptor,
}

impl Expressions {
    pub(super) fn new() -> Self {
        let named = |name| shop::pool().get_message_by_name(name);
        let named = |name| named(name).expect("it is in the pool");
        Self {
            everything: named("test.Everything"),
            inner: named("test.Inner"),
            event: named("pavane.feed.v1.Event"),
        }
    }
}

impl Target for Expressions {
    fn corpus(&self) -> Vec<Vec<u8>> {
        let texts = corpus::expressions();
        let inputs = texts.iter().enumerate().map(|(at, text)| {
            let place = (at % PLACES.len()) as u8;
            [&[place, 0], text.as_bytes()].concat()
        });
        inputs.collect()
    }

    fn dictionary(&self) -> Vec<Vec<u8>> {
        grammar::WORDS
            .iter()
            .map(|word| word.as_bytes().to_vec())
            .collect()
    }

    fn generate(&self, random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
        let expression = grammar::expression(random, corpus);
        let place = random.below(PLACES.len()) as u8;
        [&[place, random.number() as u8], expression.as_bytes()].concat()
    }

    fn run(&self, input: &[u8]) -> String {
        let [place, seed, expression @ ..] = input else {
            return String::new();
        };
        let expression = String::from_utf8_lossy(expression);
        let place = usize::from(*place) % PLACES.len();
        let compiled = workflow(place, &expression);
        let mut said = definitions::said(compiled.plan.is_some(), &compiled.diagnostics);
        let Some(plan) = compiled.plan else {
            return said;
        };
        let mut hash = DefaultHasher::new();
        (seed, &expression).hash(&mut hash);
        let mut random = Random::new(hash.finish());
        let mut causes = BTreeSet::new();
        for error in self.evaluate(&plan, &mut random) {
            let _ = error.to_string();
            causes.insert(format!("{:?}", error.cause));
        }
        for cause in causes {
            said += &format!(" {cause}");
        }
        // Which functions it has tells more than that it was accepted.
        let words: BTreeSet<&str> = grammar::WORDS
            .iter()
            .filter(|word| word.len() > 3 && expression.contains(**word))
            .copied()
            .collect();
        format!("{place} {said} {words:?}")
    }
}

fn workflow(place: usize, expression: &str) -> Compiled {
    let quoted = serde_json::Value::from(expression).to_string();
    let text = format!(
        "name: fuzz\nimplements: test.Tests/Run\n{}\n",
        PLACES[place].replace('§', &quoted)
    );
    compile(&Definition::parse("", &text), shop::pool())
}

impl Expressions {
    /// Evaluates all that there is to evaluate, on messages of the right types or on bytes. Gives what had
    /// no value.
    fn evaluate(&self, plan: &Plan, random: &mut Random) -> Vec<EvaluationError> {
        let input = messages::encoded(&self.everything, random);
        let event = messages::encoded(&self.event, random);
        let data = match &plan.start {
            Some(_) => messages::encoded(&self.everything, random),
            None => messages::encoded(&self.inner, random),
        };
        let outputs: Vec<Option<Bytes>> =
            plan.steps.iter().map(|step| output(step, random)).collect();
        let scope = Scope {
            input: &input,
            outputs: &outputs,
            execution: ExecutionInfo {
                id: "e-1",
                workflow: "fuzz",
                revision: "abc",
                create_time: Timestamp::from_nanos(random.number() as i64),
            },
            element: None,
            event: None,
        };
        let looking = Scope {
            event: Some(EventInfo {
                event: &event,
                data: &data,
            }),
            ..scope
        };
        let mut errors = Vec::new();
        if let Ok(output) = kept(plan.evaluate_output(&scope), &mut errors)
            && let Err(error) = validate(&plan.output, &output)
        {
            // Only what was no message before may be none after: it is copied as it is.
            assert!(
                validate(&plan.input, &input).is_err()
                    || outputs
                        .iter()
                        .flatten()
                        .any(|output| validate(&self.inner, output).is_err()),
                "the output is no message: {error}"
            );
        }
        if let Some(start) = &plan.start {
            let _ = kept(start.input.evaluate(&looking), &mut errors);
            matches(&start.events, &scope, &looking, &mut errors);
        }
        for step in &plan.steps {
            evaluate_step(step, &scope, &looking, &mut errors);
        }
        errors
    }
}

fn output(step: &Step, random: &mut Random) -> Option<Bytes> {
    let response = step.response().filter(|_| random.chance(80))?;
    Some(messages::encoded(response, random))
}

fn evaluate_step(
    step: &Step,
    scope: &Scope<'_>,
    looking: &Scope<'_>,
    errors: &mut Vec<EvaluationError>,
) {
    if let Some(when) = &step.when {
        let _ = kept(when.evaluate(scope), errors);
    }
    let elements = step
        .for_each
        .as_ref()
        .map(|list| kept(list.elements.evaluate(scope), errors));
    let elements = match elements {
        None => vec![None],
        Some(elements) => {
            let elements = elements.unwrap_or_default();
            elements.into_iter().take(3).map(Some).collect()
        }
    };
    for element in &elements {
        let scope = Scope {
            element: element.as_ref(),
            ..*scope
        };
        for call in step.calls() {
            let _ = kept(call.request.evaluate(&scope), errors);
            for (_, text) in &call.metadata {
                let _ = kept(text.evaluate(&scope), errors);
            }
        }
    }
    match &step.work {
        Work::Call(_) => {}
        Work::Wait(pause) => drop(kept(pause.end(Timestamp::default(), scope), errors)),
        Work::Await(wait) => matches(&wait.events, scope, looking, errors),
    }
}

fn matches(
    events: &EventMatch,
    scope: &Scope<'_>,
    looking: &Scope<'_>,
    errors: &mut Vec<EvaluationError>,
) {
    if let Some(subject) = &events.subject {
        let _ = kept(subject.evaluate(scope), errors);
    }
    if let Some(condition) = &events.condition {
        let _ = kept(condition.evaluate(looking), errors);
    }
}

/// Keeps an error.
fn kept<T>(result: Result<T, EvaluationError>, errors: &mut Vec<EvaluationError>) -> Result<T, ()> {
    result.map_err(|error| errors.push(error))
}
