//! Bringing a past back from an export: its commands are decided again on a copy of the state, and must come to the very
//! events that are told. So no file leads to a state that commands could not lead to.

use super::UserState;
use super::extras::Extras;
use super::pages::Page;
use super::root::Root;
use super::rows::Origin;
use super::tail::Tail;
use crate::commands::{Context, Retold, retell};
use crate::events::{PastCommand, UserRestored};
use crate::stable_hash::id_hash;
use crate::{Command, CommandId, Event, Input, Outcome, PageKey, Refusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A restore whose last part has not come yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restoring {
    /// The id of its first part's command.
    id: CommandId,
    /// The part that comes next.
    next: u32,
}

impl UserState {
    /// Refuses a part of a restore that is not the next one: `user_not_empty`, `restore_in_progress`, `wrong_part`.
    pub(crate) fn check_part(&self, id: &CommandId, part: u32) -> Result<(), Refusal> {
        match self.restoring() {
            None if part == 1 && self.is_empty() => Ok(()),
            None if part == 1 => {
                let text = "only a user without transactions, budgets, accounts, preferences and rates can be restored: take \
                            another user id, or erase the user first";
                Err(Refusal::new("user_not_empty", "user", text))
            }
            None => Err(Refusal::new("wrong_part", "part", "no restore has begun: begin with part 1")),
            Some(known) if known.id != *id => {
                let text =
                    "another restore of this user is not whole yet: send the rest of it, or erase the user";
                Err(Refusal::new("restore_in_progress", "restore_id", text))
            }
            Some(known) if known.next != part => {
                Err(Refusal::new("wrong_part", "part", format!("the next part is {}", known.next)))
            }
            Some(_) => Ok(()),
        }
    }

    /// While half of a past is missing nothing can be decided on: `restore_in_progress`.
    pub(super) fn check_not_restoring(&self, command: &Command) -> Result<(), Refusal> {
        if self.restoring().is_none() || matches!(command, Command::RestoreUser(_) | Command::EraseUser(_)) {
            return Ok(());
        }
        let text =
            "this user is being restored and not whole yet: send the rest of the file, or erase the user";
        Err(Refusal::new("restore_in_progress", "user", text))
    }

    /// Decides the commands again, one after the other, on a copy. Where it lacks pages it names them and goes on as well as it
    /// can: asked again with these, it comes further. What it answers counts only if `keys` stays empty. Refuses, naming
    /// the field as `commands[3].events[0]`, with `id_reused`, `event_does_not_follow`, `event_missing`, and whatever the
    /// command is refused for.
    pub(crate) fn rehearse(
        &self,
        commands: &[PastCommand],
        keys: &mut Vec<PageKey>,
    ) -> Result<Vec<PastCommand>, Refusal> {
        let mut copy = self.clone();
        copy.set_restoring(None);
        let (mut done, mut lacking) = (Vec::with_capacity(commands.len()), BTreeSet::new());
        for (place, past) in commands.iter().enumerate() {
            match self.relive(&mut copy, past, &mut lacking) {
                Ok(again) => done.extend(again),
                Err(refusal) if lacking.is_empty() => {
                    let field = refusal.field.clone().unwrap_or_default();
                    return Err(refusal.at(format!("commands[{place}].{field}")));
                }
                Err(_) => {}
            }
        }
        keys.extend(lacking);
        Ok(done)
    }

    /// `None`: pages are lacking.
    fn relive(
        &self,
        copy: &mut Self,
        past: &PastCommand,
        lacking: &mut BTreeSet<PageKey>,
    ) -> Result<Option<PastCommand>, Refusal> {
        let time = Timestamp::from_microsecond(past.time_us)
            .map_err(|_| Refusal::new("invalid_time", "time", "beyond the calendar"))?;
        let events = match retell(past)? {
            Retold::Told(own) => {
                if self.lacks(copy, lacking, |copy| copy.missing_id(&past.id)) {
                    return Ok(None);
                }
                check_new(copy, past)?;
                let context = Context { id: &past.id, time };
                copy.follow_up(own, &context, &Origin::new(past.body_hash, 0))
            }
            Retold::Command(command) => {
                let (id, body_hash) = (past.id.clone(), past.body_hash);
                let input = Input { id, time, body_hash, command: Ok(*command) };
                if self.lacks(copy, lacking, |copy| copy.missing(&input)) {
                    return Ok(None);
                }
                check_new(copy, past)?;
                decided_again(copy, &input, past)?
            }
        };
        check_same(&events, &past.events)?;
        copy.remember(&past.id, Origin::new(past.body_hash, 0), &events);
        Ok(Some(PastCommand { events: events.into(), ..past.clone() }))
    }

    /// Whether pages are lacking. What this state knows not to be there, the copy may have forgotten.
    fn lacks(
        &self,
        copy: &mut Self,
        lacking: &mut BTreeSet<PageKey>,
        missing: impl Fn(&Self) -> Vec<PageKey>,
    ) -> bool {
        loop {
            let keys = missing(copy);
            let before = lacking.len();
            for key in &keys {
                if self.pages.is_loaded(*key) {
                    copy.note_absent(*key);
                } else {
                    lacking.insert(*key);
                }
            }
            if keys.is_empty() {
                return false;
            }
            if lacking.len() > before || keys.iter().any(|key| lacking.contains(key)) {
                return true;
            }
        }
    }

    /// The pages that a part needs to be applied: as [`UserState::rehearse`] finds them.
    pub(super) fn add_restored(&self, event: &UserRestored, keys: &mut Vec<PageKey>) {
        let mut copy = self.clone();
        copy.set_restoring(None);
        let mut lacking = BTreeSet::new();
        for past in &event.commands {
            let lacks = self.lacks(&mut copy, &mut lacking, |copy| copy.missing_to_evolve(&past.events));
            // What an earlier command made is not there if that one was passed over.
            if !lacks && (lacking.is_empty() || copy.has_all_of(&past.events)) {
                copy.apply_events(&past.id, past.time_us, Origin::new(past.body_hash, 0), &past.events);
            }
        }
        keys.extend(lacking);
    }

    fn has_all_of(&self, events: &[Event]) -> bool {
        events.iter().all(|event| match event {
            Event::TransactionUpdated(event) => self.transaction(&event.previous.id).is_ok(),
            Event::TransactionDeleted(event) => self.transaction(&event.transaction.id).is_ok(),
            _ => true,
        })
    }

    /// Applies a part.
    pub(super) fn restore(&mut self, event: &UserRestored, sequence: u64) {
        self.set_restoring(None);
        for past in &event.commands {
            self.apply_events(&past.id, past.time_us, Origin::new(past.body_hash, sequence), &past.events);
        }
        if !event.last {
            self.set_restoring(Some(Restoring { id: event.restore_id.clone(), next: event.part + 1 }));
        }
        self.mid_change = true;
    }

    /// The commands of a restore are no part of what is restored: they are remembered beside it, so that the tail is as it was.
    pub(super) fn remember_outside(&mut self, id: &CommandId, origin: Origin) {
        if self.limits.rows {
            self.root.spilled_seen = true;
            self.pages.put(PageKey::SeenId(id_hash(id)), Some(Page::Seen(origin)));
        }
    }

    /// Whether half of a past is missing.
    pub(super) fn is_restoring(&self) -> bool {
        self.restoring().is_some()
    }

    fn restoring(&self) -> Option<&Restoring> {
        self.root.extras.as_ref()?.restoring.as_deref()
    }

    fn set_restoring(&mut self, restoring: Option<Restoring>) {
        if restoring.is_none() && self.restoring().is_none() {
            return;
        }
        self.root.extras_mut().restoring = restoring.map(Box::new);
        if self.root.extras.as_deref() == Some(&Extras::default()) {
            self.root.extras = None;
        }
    }

    /// Whether nothing has been changed in this life, whatever was refused.
    fn is_empty(&self) -> bool {
        let root = Root {
            applied: (0, 0),
            tail: Tail::default(),
            spilled_seen: false,
            life: None,
            ..self.root.clone()
        };
        root == Root::default()
    }
}

fn check_new(copy: &UserState, past: &PastCommand) -> Result<(), Refusal> {
    if copy.decided(&past.id).is_some() {
        let text = "this id is another command's: an earlier one of the file, or one this user gave before";
        return Err(Refusal::new("id_reused", "id", text));
    }
    Ok(())
}

fn decided_again(copy: &mut UserState, input: &Input, past: &PastCommand) -> Result<Vec<Event>, Refusal> {
    let Ok(command) = &input.command else { unreachable!("it was made from a command") };
    match copy.decide(command, input, &Origin::new(past.body_hash, 0)) {
        Outcome::Accepted(mut events) => {
            events.iter_mut().zip(&past.events).for_each(|(own, told)| take_over(own, told));
            Ok(events)
        }
        Outcome::Refused(refusal) => {
            let field = refusal.field.as_deref().map_or_else(String::new, |field| format!(".data.{field}"));
            Err(refusal.at(format!("events[0]{field}")))
        }
    }
}

/// Rows that did not become transactions are told of, but not in the file any more.
fn take_over(own: &mut Event, told: &Event) {
    if let (Event::TransactionsImported(own), Event::TransactionsImported(told)) = (own, told) {
        own.duplicates = told.duplicates;
        own.rejected.clone_from(&told.rejected);
    }
}

fn check_same(own: &[Event], told: &[Event]) -> Result<(), Refusal> {
    let place = own.iter().zip(told).take_while(|(own, told)| own == told).count();
    let field = format!("events[{place}]");
    if place < told.len() {
        let text =
            "this does not follow from what was before it: the file was changed, or is of another centime";
        return Err(Refusal::new("event_does_not_follow", field, text));
    }
    own.get(place).map_or(Ok(()), |event| {
        let text = format!("{} follows from what was before: the file lacks it", event.type_name());
        Err(Refusal::new("event_missing", field, text))
    })
}
