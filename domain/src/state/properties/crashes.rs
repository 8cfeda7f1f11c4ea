//! Whatever happens on the way, the same comes of it: commands that come twice or again much later, other users' commands
//! in between, a process that dies at any point with whatever pages it had written.

use super::commands::{Step, several, step};
use super::export::answers;
use super::run;
use crate::story::{Story, load};
use crate::{Handled, Outcome, UserState};
use proptest::prelude::*;
use proptest::sample::Index;

/// What happens after a command.
#[derive(Debug, Clone)]
enum Mishap {
    /// Nothing.
    None,
    /// All pages are written.
    Flush,
    /// Memory is lost: what was not written comes from the journal.
    Crash,
    /// A command that was sent before is sent again.
    Again(Index),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        4 => Just(Mishap::None),
        2 => Just(Mishap::Flush),
        2 => Just(Mishap::Crash),
        2 => any::<Index>().prop_map(Mishap::Again),
    ]
}

/// A user on a node with bad luck.
struct Unlucky {
    story: Story,
    /// The sequence of each entry of the journal. Other users' are in between.
    sequences: Vec<u64>,
    /// So many entries are in the written pages.
    written: usize,
}

impl Unlucky {
    fn new() -> Self {
        Self { story: Story::tiny(), sequences: Vec::new(), written: 0 }
    }

    /// A command, after `others` of other users'.
    fn send(&mut self, (id, name, data): &Step, others: u64) -> Handled {
        let decided = self.story.journal.len();
        self.story.others += others;
        let handled = self.story.send(id, name, data);
        if self.story.journal.len() > decided {
            self.sequences.push(self.story.sequence());
        }
        handled
    }

    fn flush(&mut self) {
        self.story.sweep();
        self.written = self.story.journal.len();
    }

    fn crash(&mut self) {
        let Story { state, store, journal, .. } = &mut self.story;
        let root = store.get(&crate::PageKey::Root.to_bytes());
        *state = UserState::tiny(root.map(Vec::as_slice)).expect("a readable page");
        for (entry, sequence) in journal.iter().zip(&self.sequences).skip(self.written) {
            load(state, store, |state| state.missing_to_apply(entry));
            state.apply(entry, *sequence);
        }
    }
}

/// Whether the first command is still known after all of these: an erasure forgets ids, and one of somebody else was never its own.
fn is_known(commands: &[Step], handled: &Handled) -> bool {
    let was_taken =
        matches!(handled, Handled::Decided(Outcome::Refused(refusal)) if refusal.code == "id_reused");
    !was_taken && commands[1..].iter().all(|(_, name, _)| *name != "erase_user")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(super::CASES))]

    #[test]
    fn duplicates_crashes_and_others_in_between_change_nothing(
        steps in several(|| (step(), mishap(), 0_u64..3)),
    ) {
        let commands: Vec<Step> = steps.iter().map(|(step, ..)| step.clone()).collect();
        let mut lucky = Story::new();
        let expected = run(&mut lucky, &commands);
        let mut unlucky = Unlucky::new();
        for (n, (step, mishap, others)) in steps.iter().enumerate() {
            match (unlucky.send(step, *others), &expected[n]) {
                (Handled::Repeated { sequence }, Handled::Repeated { .. }) => {
                    prop_assert!(unlucky.sequences.contains(&sequence));
                }
                (handled, expected) => prop_assert_eq!(&handled, expected),
            }
            match mishap {
                Mishap::None => {}
                Mishap::Flush => unlucky.flush(),
                Mishap::Crash => unlucky.crash(),
                Mishap::Again(which) => {
                    let before = which.index(n + 1);
                    if is_known(&commands[before..=n], &expected[before]) {
                        let handled = unlucky.send(&commands[before], *others);
                        prop_assert!(matches!(handled, Handled::Repeated { .. }), "{:?}", handled);
                    }
                }
            }
        }
        prop_assert_eq!(answers(&mut unlucky.story), answers(&mut lucky));
    }
}
