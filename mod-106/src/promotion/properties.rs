//! Properties of the state machine, over random requests and crashes at random steps, with a twin that makes the tempting mistake.

use super::decide::{Decision, Request, View, promote, rollback};
use super::operation::{Kind, Operation, State, Step, is_done};
use super::slots::{Aliases, Slot, Stage};
use crate::client::VersionNumber;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// What somebody asks for.
#[derive(Debug, Clone)]
enum Ask {
    Promote(u64, Stage),
    RollBack(Option<u64>),
}

/// How an interrupted operation is taken up again.
type Resume = fn(&Operation, &View) -> Operation;

/// By its journal, as it was written.
fn by_the_journal(open: &Operation, _now: &View) -> Operation {
    open.clone()
}

/// The deliberately wrong twin: it decides anew from what it finds.
fn by_looking_again(open: &Operation, now: &View) -> Operation {
    let mut again = open.clone();
    if open.kind == Kind::Promote && open.target == Slot::Champion {
        again.before = now.aliases.clone();
        again.after.set(Slot::PreviousChampion, now.aliases.get(Slot::Champion));
    }
    again
}

struct World {
    view: View,
    marks: BTreeMap<VersionNumber, &'static str>,
    records: BTreeMap<u64, u64>,
    resume: Resume,
}

impl World {
    fn new(resume: Resume) -> Self {
        let versions = (1..=4).map(VersionNumber).collect();
        Self { view: View { versions, ..View::default() }, marks: BTreeMap::new(), records: BTreeMap::new(), resume }
    }

    fn apply(&mut self, operation: &Operation, step: Step) {
        match step {
            Step::Poison(version) => drop(self.view.poisoned.insert(version)),
            Step::Point(slot, version) => self.view.aliases.set(slot, Some(version)),
            Step::Remove(slot) => self.view.aliases.set(slot, None),
            Step::Mark(version, mark) => drop(self.marks.insert(version, mark)),
            Step::Record => drop(self.records.insert(operation.operation, operation.version.0)),
        }
    }

    /// Carries out an operation until it is killed before step `kill`, if that comes.
    fn run(&mut self, operation: &Operation, kill: usize) -> Result<(), TestCaseError> {
        self.view.last = Some(operation.clone());
        for (number, step) in operation.steps().into_iter().enumerate() {
            if number == kill {
                return Ok(());
            }
            prop_assert_eq!(operation.disturbed(&self.view.aliases), None);
            if !is_done(step, &self.view.aliases) {
                self.apply(operation, step);
            }
            let champion = self.view.aliases.get(Slot::Champion);
            let (before, after) = (operation.before.get(Slot::Champion), operation.after.get(Slot::Champion));
            prop_assert!(champion == before || champion == after, "a champion from nowhere");
        }
        self.view.last = Some(operation.closed());
        Ok(())
    }

    /// Whoever comes next finishes what is open; also they may be killed.
    fn recover(&mut self, kills: &mut impl Iterator<Item = usize>) -> Result<(), TestCaseError> {
        for _ in 0..50 {
            let Some(open) = self.view.last.clone().filter(|last| last.state == State::Open) else { return Ok(()) };
            let operation = (self.resume)(&open, &self.view);
            self.run(&operation, kills.next().unwrap_or(usize::MAX))?;
        }
        Err(TestCaseError::fail("never finished"))
    }
}

fn request(number: usize) -> Request {
    let time = jiff::Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
    Request { actor: "ada".to_owned(), time, token: number.to_string(), reason: String::new() }
}

fn decide(view: &View, ask: &Ask, number: usize) -> Option<Operation> {
    let decision = match ask {
        Ask::Promote(version, to) => promote(view, VersionNumber(*version), *to, &request(number)),
        Ask::RollBack(version) => rollback(view, version.map(VersionNumber), None, &request(number)),
    };
    match decision {
        Ok(Decision::Act(operation)) => Some(*operation),
        Ok(Decision::Already) | Err(_) => None,
    }
}

/// Plays the story twice, once without interruption, and compares.
fn holds(story: &[(Ask, Vec<usize>)], resume: Resume) -> Result<(), TestCaseError> {
    let (mut killed, mut smooth) = (World::new(resume), World::new(resume));
    for (number, (ask, kills)) in story.iter().enumerate() {
        let before = killed.view.clone();
        let operation = decide(&killed.view, ask, number);
        prop_assert_eq!(&operation, &decide(&smooth.view, ask, number), "another decision after a crash");
        let Some(operation) = operation else { continue };
        let mut kills = kills.iter().copied();
        killed.run(&operation, kills.next().unwrap_or(usize::MAX))?;
        killed.recover(&mut kills)?;
        smooth.run(&operation, usize::MAX)?;
        prop_assert_eq!(&killed.view.aliases, &smooth.view.aliases, "another end after a crash");
        prop_assert_eq!(&killed.view.poisoned, &smooth.view.poisoned);
        prop_assert_eq!(&killed.marks, &smooth.marks);
        prop_assert_eq!(&killed.records, &smooth.records);
        sound(&before, &operation, &killed.view)?;
        // The same request once more moves nothing.
        prop_assert_eq!(decide(&killed.view, ask, number + 1000), None, "a request was obeyed twice");
    }
    Ok(())
}

/// What must hold whenever nobody is at it.
fn sound(before: &View, operation: &Operation, now: &View) -> Result<(), TestCaseError> {
    let held = |slot| now.aliases.get(slot);
    for slot in Slot::ALL {
        prop_assert!(held(slot).is_none_or(|version| !now.poisoned.contains(&version)), "{slot} is poisoned");
    }
    prop_assert!(held(Slot::Champion).is_none() || held(Slot::Champion) != held(Slot::PreviousChampion));
    prop_assert!(before.aliases.get(Slot::Champion).is_none() || held(Slot::Champion).is_some(), "no champion left");
    if operation.kind == Kind::Promote && operation.target == Slot::Champion {
        prop_assert_eq!(before.aliases.get(Slot::Canary), Some(operation.version), "a stage was skipped");
        if let Some(old) = before.aliases.get(Slot::Champion) {
            prop_assert_eq!(held(Slot::PreviousChampion), Some(old), "the way back was lost");
        }
    }
    Ok(())
}

fn ask() -> impl Strategy<Value = Ask> {
    let stage = prop_oneof![Just(Stage::Candidate), Just(Stage::Staging), Just(Stage::Canary), Just(Stage::Champion)];
    prop_oneof![
        6 => (1..=5_u64, stage).prop_map(|(version, stage)| Ask::Promote(version, stage)),
        1 => proptest::option::of(1..=4_u64).prop_map(Ask::RollBack),
    ]
}

/// Random requests, between which whole promotions are strewn: chance alone hardly ever climbs four stages.
fn story() -> impl Strategy<Value = Vec<(Ask, Vec<usize>)>> {
    let climb = (1..=4_u64).prop_map(|version| {
        [Stage::Candidate, Stage::Staging, Stage::Canary, Stage::Champion]
            .map(|stage| Ask::Promote(version, stage))
            .to_vec()
    });
    let asks = proptest::collection::vec(prop_oneof![climb, ask().prop_map(|ask| vec![ask])], 1..12);
    let kills = proptest::collection::vec(0..9_usize, 0..4);
    asks.prop_map(|asks| asks.concat()).prop_flat_map(move |asks| {
        let length = asks.len();
        (Just(asks), proptest::collection::vec(kills.clone(), length))
            .prop_map(|(asks, kills)| asks.into_iter().zip(kills).collect())
    })
}

proptest! {
    #[test]
    fn a_promotion_killed_anywhere_ends_as_if_it_had_not_been(story in story()) {
        holds(&story, by_the_journal)?;
    }

    #[test]
    fn aliases_that_somebody_else_moved_are_noticed(slot in 0..5_usize, to in 1..=4_u64) {
        let mut world = World::new(by_the_journal);
        world.view.aliases = [(Slot::Champion, VersionNumber(1)), (Slot::Canary, VersionNumber(2))].into_iter().collect();
        let operation = decide(&world.view, &Ask::Promote(2, Stage::Champion), 0).unwrap();
        let mut moved: Aliases = world.view.aliases.clone();
        let slot = Slot::ALL[slot];
        moved.set(slot, Some(VersionNumber(to)));
        let to = Some(VersionNumber(to));
        let expected = to != operation.before.get(slot) && to != operation.after.get(slot);
        prop_assert_eq!(operation.disturbed(&moved).is_some(), expected);
    }
}

#[test]
fn the_tempting_twin_is_caught() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let found = runner.run(&story(), |story| holds(&story, by_looking_again));
    let message = found.unwrap_err().to_string();
    assert!(message.contains("another end after a crash") || message.contains("the way back was lost"), "{message}");
}
