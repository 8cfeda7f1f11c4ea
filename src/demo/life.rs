//! A made-up life: what happens on a day is a function of the day, so that a restart tells the same story and the next
//! day adds to it.

use super::deal::Deal;
use super::random::Random;
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// What is meant to be enough for a month.
pub(super) const BUDGETS: [(&str, &str); 5] = [
    ("groceries", "400.00"),
    ("dining", "190.00"),
    ("transport", "90.00"),
    ("shopping", "220.00"),
    ("leisure", "180.00"),
];

/// What comes and goes every month: day, category, payee, cents; income where the category is salary.
const MONTHLY: [(i8, &str, &str, u32); 8] = [
    (1, "housing", "Lindenhof Homes", 98_000),
    (1, "transport", "City Transit", 4_900),
    (3, "utilities", "Northern Light & Power", 7_490),
    (5, "utilities", "Fibre One", 3_999),
    (8, "subscriptions", "Filmhaus", 1_299),
    (12, "subscriptions", "Tonspur Music", 1_099),
    (20, "health", "Kraftraum Gym", 3_490),
    (27, "salary", "Weber & Sons", 285_000),
];

const GROCERS: [&str; 3] = ["Green Market", "Corner Shop", "Mill Bakery"];
const CANTEENS: [&str; 4] = ["Cafe Anna", "Noodle House", "Canteen 4", "Pizzeria Vesuvio"];
const SHOPS: [&str; 4] = ["Bookshop Adler", "Shoe Corner", "Volt Electronics", "House & Garden"];
const OUTINGS: [&str; 4] = ["Odeon Cinema", "Jazz Cellar", "Climbing Hall", "City Theatre"];

/// How long a thing from a shop is kept before it goes back.
const DAYS_KEPT: i32 = 8;

/// All that happens on a day, in order.
pub(super) fn day(date: Date) -> Vec<Deal> {
    let mut deals: Vec<Deal> = MONTHLY
        .into_iter()
        .filter(|(day, ..)| *day == date.day())
        .map(|(_, category, payee, cents)| match category {
            "salary" => Deal::income(date, category, payee, cents),
            _ => Deal::expense(date, category, payee, cents),
        })
        .collect();
    let mut chance = Random::new(seed(date));
    food(date, &mut chance, &mut deals);
    fun(date, &mut chance, &mut deals);
    deals.extend(purchase(date).map(|(deal, _)| deal));
    let bought = date.checked_sub(DAYS_KEPT.days()).ok().and_then(purchase);
    deals.extend(bought.filter(|(_, goes_back)| *goes_back).map(|(deal, _)| deal.refunded(date)));
    deals
}

fn food(date: Date, chance: &mut Random, deals: &mut Vec<Deal>) {
    let groceries = match date.weekday() {
        Weekday::Saturday => Some(4_500..=8_900),
        Weekday::Wednesday => Some(1_500..=3_800),
        Weekday::Sunday => None,
        _ => chance.percent(30).then_some(600..=2_200),
    };
    if let Some(range) = groceries {
        deals.push(Deal::expense(date, "groceries", chance.pick(&GROCERS), chance.within(range)));
    }
    let working = !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    if working && chance.percent(40) {
        deals.push(Deal::expense(date, "dining", "Cafe Anna", chance.within(280..=540)));
    }
    if chance.percent(if working { 35 } else { 25 }) {
        deals.push(Deal::expense(date, "dining", chance.pick(&CANTEENS), chance.within(900..=2_400)));
    }
}

fn fun(date: Date, chance: &mut Random, deals: &mut Vec<Deal>) {
    if matches!(date.weekday(), Weekday::Friday | Weekday::Saturday) && chance.percent(55) {
        deals.push(Deal::expense(date, "leisure", chance.pick(&OUTINGS), chance.within(1_200..=5_800)));
    }
    if chance.percent(12) {
        deals.push(Deal::expense(date, "transport", "Night Cab", chance.within(700..=2_600)));
    }
    match (date.month(), date.day()) {
        (7, 4) => deals.push(Deal::expense(date, "travel", "Blue Wing Air", chance.within(18_000..=32_000))),
        (7, 19) => deals.push(Deal::expense(date, "travel", "Hotel Miramar", chance.within(38_000..=64_000))),
        (12, 10..=23) if chance.percent(30) => {
            deals.push(Deal::expense(date, "gifts", chance.pick(&SHOPS), chance.within(1_900..=7_900)));
        }
        _ => {}
    }
}

/// What was bought on a day, and whether it goes back.
fn purchase(date: Date) -> Option<(Deal, bool)> {
    let mut chance = Random::new(!seed(date));
    let deal = chance
        .percent(11)
        .then(|| Deal::expense(date, "shopping", chance.pick(&SHOPS), chance.within(2_400..=13_900)))?;
    Some((deal, chance.percent(25)))
}

fn seed(date: Date) -> u64 {
    let days = date.since(Date::ZERO).map_or(0, |span| span.get_days());
    u64::from(days.unsigned_abs())
}

/// The days of the year up to and with `today`.
pub(super) fn year(today: Date) -> impl Iterator<Item = Date> {
    let first = today.checked_sub(1.year()).unwrap_or(Date::MIN);
    first.series(1.day()).take_while(move |date| *date <= today)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_year_is_lifelike_and_the_same_each_time() {
        let deals: Vec<Deal> = year(date(2026, 2, 14)).flat_map(day).collect();
        assert!((500..900).contains(&deals.len()), "{} deals", deals.len());
        assert_eq!(deals, year(date(2026, 2, 14)).flat_map(day).collect::<Vec<_>>());
        assert_eq!(deals.iter().filter(|deal| deal.category == "salary").count(), 12);
        assert!(deals.iter().any(|deal| deal.refund));
    }
}
