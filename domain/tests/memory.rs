//! What one user costs in memory, as the allocator that centime runs on counts it.

use centime_domain::{CommandId, Handled, Input, Outcome, UserState};
use serde_json::json;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const CATEGORIES: [&str; 8] =
    ["Groceries", "Restaurants", "Transport", "Rent", "Health", "Leisure", "Clothing", "Travel"];

/// Bytes this thread has allocated and not freed, in whole size classes.
fn live() -> u64 {
    let (all, freed) =
        (tikv_jemalloc_ctl::thread::allocatedp::read(), tikv_jemalloc_ctl::thread::deallocatedp::read());
    all.expect("counted").get() - freed.expect("counted").get()
}

/// The benchmark's load: a budget of 100.00 in each category, then expenses of 0.01 to 100.00 on days all over 2026.
fn commands(transactions: usize) -> Vec<Input> {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    let budgets = CATEGORIES.map(|category| {
        ("set_budget", json!({"category": category, "limit": "100.00", "currency": "EUR", "from": "2026-01"}))
    });
    let mut bodies = Vec::from(budgets);
    for _ in 0..transactions {
        let cents = below(10_000) + 1;
        let (month, day) = (below(12) + 1, below(28) + 1);
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        let category = CATEGORIES[usize::try_from(below(8)).expect("small")];
        bodies.push((
            "create_transaction",
            json!({"transaction_type": "Expense", "amount": amount, "currency": "EUR", "category": category, "date": format!("2026-{month:02}-{day:02}")}),
        ));
    }
    let input = |(i, (name, data)): (usize, &(&str, serde_json::Value))| {
        let id = format!("019537a0-3f12-7{:03x}-8{:03x}-{:012x}", below(4096), below(4096), i);
        let time = "2026-02-10T12:00:00Z".parse().expect("an instant");
        Input::read(CommandId::parse(&id).expect("an id"), time, name, data.to_string().as_bytes())
    };
    bodies.iter().enumerate().map(input).collect()
}

fn user(commands: &[Input]) -> UserState {
    let mut state = UserState::default();
    for (i, input) in commands.iter().enumerate() {
        let handled = state.handle(input, 20_000 + 30 * i as u64);
        assert!(matches!(handled, Handled::Decided(Outcome::Accepted(_))), "{handled:?}");
    }
    state
}

#[test]
fn a_user_of_the_benchmark_takes_little_memory() {
    let commands = commands(20);
    // Once before: whatever is allocated only once a process is none of the user's.
    drop(user(&commands));
    let before = live();
    let mut state = user(&commands);
    let heap = usize::try_from(live() - before).expect("small");
    let all = size_of::<UserState>() + heap;
    assert!(all <= 2_400, "{all} bytes");
    assert_eq!(state.weight(), all, "a state knows what it weighs");

    let page = state.take_changed().remove(0).1.expect("the root page");
    assert!(page.len() <= 1_350, "{} bytes of page", page.len());
    drop(state);
    let before = live();
    let state = UserState::from_root(Some(&page)).expect("readable");
    let heap = usize::try_from(live() - before).expect("small");
    assert!(size_of::<UserState>() + heap <= all, "{heap} bytes of heap after a reload");
    assert_eq!(state.weight(), size_of::<UserState>() + heap);
}
