//! What a careless or hostile client puts into a field, and what it must be told.

use serde_json::Value;

/// A value as raw JSON, and the codes one of which must be the answer; none: it may be accepted, too.
pub(super) type Hostile = (String, &'static [&'static str]);

/// A field's place in a body: `splits[0].amount`.
#[derive(Clone, PartialEq)]
pub(super) struct Place(Vec<Step>);

#[derive(Clone, PartialEq)]
enum Step {
    Field(String),
    Item(usize),
}

impl Place {
    /// As refusals write it.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.0 {
            match step {
                Step::Field(name) if path.is_empty() => path.push_str(name),
                Step::Field(name) => path.extend([".", name]),
                Step::Item(i) => path.extend(["[", &i.to_string(), "]"]),
            }
        }
        path
    }

    fn name(&self) -> &str {
        let names = self
            .0
            .iter()
            .rev()
            .filter_map(|step| if let Step::Field(name) = step { Some(name) } else { None });
        names.map(String::as_str).next().unwrap_or_default()
    }

    fn value<'a>(&self, body: &'a Value) -> &'a Value {
        self.0.iter().fold(body, |value, step| match step {
            Step::Field(name) => &value[name],
            Step::Item(i) => &value[i],
        })
    }

    /// The body with something else here, as raw JSON.
    pub(super) fn with(&self, body: &Value, raw: &str) -> String {
        const HERE: &str = "@here@";
        let mut body = body.clone();
        let place = self.0.iter().fold(&mut body, |value, step| match step {
            Step::Field(name) => &mut value[name],
            Step::Item(i) => &mut value[i],
        });
        *place = HERE.into();
        body.to_string().replacen(&format!("\"{HERE}\""), raw, 1)
    }

    /// The body without it; `None` for an item of a list, which is no field.
    pub(super) fn without(&self, body: &Value) -> Option<String> {
        let (Step::Field(name), parent) = self.0.split_last()? else { return None };
        let mut body = body.clone();
        let parent = parent.iter().fold(&mut body, |value, step| match step {
            Step::Field(name) => &mut value[name],
            Step::Item(i) => &mut value[i],
        });
        parent.as_object_mut()?.remove(name);
        Some(body.to_string())
    }
}

/// Every place of a body, lists and objects included.
pub(super) fn places(body: &Value) -> Vec<Place> {
    let mut found = Vec::new();
    walk(body, &Place(Vec::new()), &mut found);
    found
}

fn walk(value: &Value, at: &Place, found: &mut Vec<Place>) {
    let mut go = |step: Step, inner: &Value| {
        let mut place = at.clone();
        place.0.push(step);
        walk(inner, &place, found);
        found.push(place);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| go(Step::Field(name.clone()), inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, inner)| go(Step::Item(i), inner)),
        _ => {}
    }
}

/// What a wrong type is called, whatever the field.
const WRONG_TYPE: &[&str] = &["wrong_type", "amount_not_a_string", "invalid_rate", "missing_field"];

/// Values of the types that this place does not take.
pub(super) fn wrong_types(place: &Place, body: &Value) -> Vec<Hostile> {
    let right = |value: &Value| match value {
        Value::Null | Value::String(_) => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
    };
    let own = right(place.value(body));
    let all = ["\"x\"", "true", "7", "[[7]]", "{\"x\": {}}"];
    let mut wrong: Vec<Hostile> =
        (0..all.len()).filter(|kind| *kind != own).map(|kind| (all[kind].to_owned(), WRONG_TYPE)).collect();
    if place.name() == "month_start" {
        wrong[0].1 = &["invalid_month_start"];
    }
    if own == 4 {
        "[\"Food\", \"1\"]".clone_into(&mut wrong.last_mut().expect("four are left").0);
        wrong.push(("{\"x\": 1}".to_owned(), &["unknown_field"]));
    }
    if own == 2 {
        wrong.push(("1e400".to_owned(), &["invalid_json"]));
        wrong.push((
            "-1".to_owned(),
            &[
                "wrong_type",
                "invalid_months",
                "invalid_level",
                "invalid_thresholds",
                "invalid_month_start",
                "invalid_tolerance",
            ],
        ));
        wrong.push((
            "99999999999999999999".to_owned(),
            &["wrong_type", "invalid_level", "invalid_month_start"],
        ));
        wrong.push((
            "0.5".to_owned(),
            if place.name() == "level" { &[] } else { &["wrong_type", "invalid_month_start"] },
        ));
    }
    wrong
}

/// Values of the right type that are wrong all the same, by the field's name.
pub(super) fn wrong_values(kind: &str, place: &Place, body: &Value) -> Vec<Hostile> {
    let imported = kind == "import_transactions";
    match (place.name(), place.value(body)) {
        ("amount", Value::String(_)) if imported => texts(&[
            ("1e400", &["amount_not_a_number"]),
            ("NaN", &["amount_not_a_number"]),
            ("Infinity", &["amount_not_a_number"]),
            (
                "99999999999999999999999999999",
                &["amount_too_large", "amount_too_many_digits", "amount_not_a_number"],
            ),
            ("", &["amount_not_a_number"]),
            ("１２", &["amount_not_a_number"]),
            ("+-5", &["amount_not_a_number", "amount_sign_unclear"]),
        ]),
        ("amount" | "amount_max" | "limit", _) => amounts(place.name() != "limit", true),
        ("opening_balance", _) => amounts(false, false),
        ("rate", _) => {
            let wrong = [
                "-1",
                "0",
                "1e400",
                "NaN",
                "Infinity",
                "",
                " 1",
                "1,5",
                "１２",
                "99999999999999999999999999999",
                "0.1234567890123",
            ];
            wrong
                .iter()
                .map(|text| (quoted(text), &["invalid_rate"][..]))
                .chain([("7".to_owned(), &["invalid_rate"][..])])
                .collect()
        }
        ("currency" | "base_currency", _) => currencies(),
        ("from" | "to", _) if kind == "record_exchange_rate" => currencies(),
        ("from" | "to", _) if kind == "set_preferences" => {
            let wrong = ["24:00", "7:00", "22:60", "", "noon", "22:00:00", "２２:00"];
            wrong.iter().map(|text| (quoted(text), &["invalid_time_of_day"][..])).collect()
        }
        ("from", _) => {
            let wrong = [
                "2026-13",
                "2026-00",
                "2026-02-01",
                "0000-01",
                "9999-12",
                "",
                "next",
                "2026-2",
                "2026-02-01T00:00:00Z",
            ];
            wrong.iter().map(|text| (quoted(text), &["invalid_month"][..])).collect()
        }
        ("date" | "as_of" | "opened" | "starts" | "started", _) => dates(!imported),
        ("ends", _) => dates(false),
        ("cadence", _) => names("unknown_cadence"),
        ("tolerance", _) => {
            ["101", "1000"].map(|percent| (percent.to_owned(), &["invalid_tolerance"][..])).into()
        }
        ("time_zone", _) => ["Mars", "", "UTC+1", "../etc/passwd", "🕛"]
            .iter()
            .map(|text| (quoted(text), &["unknown_time_zone"][..]))
            .collect(),
        ("transaction_type", _) => names("unknown_transaction_type"),
        ("status", _) => names("unknown_status"),
        ("kind", _) => names("unknown_account_kind"),
        ("policy", _) => names("unsupported_policy"),
        ("id", _)
            if kind.ends_with("_transaction") || ["undo_import", "cancel_recurring"].contains(&kind) =>
        {
            ids()
        }
        ("import_id" | "restore_id", _) => ids(),
        ("splits", Value::Array(_)) => splits(imported),
        ("tags", Value::Array(_)) => vec![
            (format!("[{}]", vec!["\"a\""; 10_000].join(",")), &["too_many_tags"]),
            ("[]".to_owned(), &[]),
            ("[\"a\",\"a\"]".to_owned(), &[]),
        ],
        ("thresholds", Value::Array(_)) => {
            ["[100,50]", "[50,50]", "[0]", "[1001]", "[-1]", "[1,2,3,4,5,6,7,8,9,10,11]"]
                .iter()
                .map(|list| ((*list).to_owned(), &["invalid_thresholds"][..]))
                .collect()
        }
        ("rows", Value::Array(_)) => vec![
            ("[]".to_owned(), &[]),
            (
                format!("[{}]", vec![r#"{"date":"2026-02-03","amount":"1"}"#; 10_000].join(",")),
                &["too_many_rows"],
            ),
        ],
        (_, Value::String(_)) => free_texts(place.name()),
        _ => Vec::new(),
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn texts(all: &[(&str, &'static [&'static str])]) -> Vec<Hostile> {
    all.iter().map(|(text, codes)| (quoted(text), *codes)).collect()
}

fn names(code: &'static str) -> Vec<Hostile> {
    let codes: &'static [&'static str] = match code {
        "unknown_transaction_type" => &["unknown_transaction_type"],
        "unknown_status" => &["unknown_status"],
        "unknown_account_kind" => &["unknown_account_kind"],
        "unknown_cadence" => &["unknown_cadence"],
        _ => &["unsupported_policy"],
    };
    ["", " ", "EXPENSE ", "nobody knows", "🎩", "\u{0}"].iter().map(|text| (quoted(text), codes)).collect()
}

fn amounts(above_zero: bool, unsigned: bool) -> Vec<Hostile> {
    let mut all = texts(&[
        ("+1", &["amount_signed", "amount_not_a_number"]),
        ("--1", &["amount_signed", "amount_not_a_number"]),
        ("1e400", &["amount_not_a_number"]),
        ("1e2", &["amount_not_a_number"]),
        ("0x10", &["amount_not_a_number"]),
        ("NaN", &["amount_not_a_number"]),
        ("Infinity", &["amount_not_a_number"]),
        ("99999999999999999999999999999", &["amount_too_large", "amount_too_many_digits"]),
        ("1000000000000001", &["amount_too_large"]),
        ("1.234", &["amount_too_many_digits"]),
        ("0.00000000000000000000000000001", &["amount_too_many_digits"]),
        ("", &["amount_not_a_number"]),
        (".", &["amount_not_a_number"]),
        (" 1", &["amount_not_a_number"]),
        ("1,5", &["amount_not_a_number"]),
        ("1'000", &["amount_not_a_number"]),
        ("１２", &["amount_not_a_number"]),
        ("١٢", &["amount_not_a_number"]),
        ("1\u{0}", &["amount_not_a_number"]),
    ]);
    all.extend(["12.5", "7", "-7", "1e3"].map(|number| (number.to_owned(), &["amount_not_a_string"][..])));
    all.push(("1e400".to_owned(), &["invalid_json", "amount_not_a_string"]));
    if unsigned {
        all.push((quoted("-1"), &["amount_signed"]));
    }
    if above_zero {
        all.extend(["0", "0.00", "000"].map(|zero| (quoted(zero), &["amount_zero"][..])));
    }
    all
}

fn currencies() -> Vec<Hostile> {
    let wrong = ["XXZ", "eur", "", "🪙", "EURO", "XAU", "XXX", " EUR", "E\u{0}R"];
    wrong.iter().map(|text| (quoted(text), &["unknown_currency"][..])).collect()
}

fn dates(instants: bool) -> Vec<Hostile> {
    let wrong = [
        "2026-02-30",
        "2025-02-29",
        "9999-01-01",
        "0000-01-01",
        "2026-13-01",
        "2026-00-10",
        "tomorrow",
        "",
        "2026-2-3",
        "20260203",
        "03.02.2026",
        "2026-02-03 ",
        "-2026-02-03",
        "2026-02-03T25:00:00Z",
        "9999-12-31T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "2026-02-03T10:00:00",
        "２０２６-02-03",
        "1899-12-31",
        "2201-01-01",
    ];
    let mut all: Vec<Hostile> = wrong.iter().map(|text| (quoted(text), &["invalid_date"][..])).collect();
    all.push((quoted("2026-02-03T10:00:00Z"), if instants { &[] } else { &["invalid_date"] }));
    all
}

fn ids() -> Vec<Hostile> {
    let codes: &'static [&'static str] = &["invalid_command_id"];
    let mut all: Vec<Hostile> = ["", "a\nb", "é", "\u{0}"].iter().map(|text| (quoted(text), codes)).collect();
    all.push((quoted(&"x".repeat(256)), codes));
    all.push((quoted("../../etc/passwd"), &[]));
    all
}

fn splits(imported: bool) -> Vec<Hostile> {
    let part = r#"{"category":"Food","amount":"0.01"}"#;
    let twice = r#"[{"category":"Food","amount":"4.00"},{"category":"Food","amount":"6.00"}]"#;
    let wrong_sum: &'static [&'static str] = if imported { &[] } else { &["splits_do_not_sum"] };
    vec![
        (format!("[{}]", vec![part; 10_000].join(",")), &["too_many_splits"]),
        (format!("[{part}]"), wrong_sum),
        (twice.to_owned(), &[]),
        ("[]".to_owned(), &[]),
    ]
}

/// Names, notes, labels. What is only strange is text, too.
fn free_texts(name: &str) -> Vec<Hostile> {
    let long: &'static [&'static str] = &["text_too_long"];
    let control: &'static [&'static str] = &["text_has_control_characters"];
    let mut all = vec![
        (quoted(""), &["text_empty"][..]),
        (quoted(" \u{a0}"), &["text_empty"]),
        (quoted("a\u{0}b"), control),
        (quoted("a\u{1b}[2Jb"), control),
        (quoted("a\u{7f}"), control),
        (quoted("a\u{85}"), control),
        (quoted(&"x".repeat(1_000_000)), long),
        (quoted(&"🍕".repeat(4_097)), long),
        // A lone surrogate is no text at all.
        (r#""\ud800""#.to_owned(), &["invalid_json"]),
        (r#""\udc00\ud800""#.to_owned(), &["invalid_json"]),
    ];
    if name != "note" {
        all.push((quoted("a\nb"), control));
    }
    for odd in [
        "🍕👩‍👩‍👧‍👦",
        "\u{202e}doof",
        "../../../etc/passwd",
        "<script>",
        "'; DROP TABLE",
        "\u{feff}x",
        "a\u{300}\u{300}",
    ] {
        all.push((quoted(odd), &[]));
    }
    all
}
