//! Two nodes on a real broker under load, and everything goes wrong: nodes are killed, frozen past their session, the
//! broker is killed. At the end each command was decided once, and the topics hold each event once.

use crate::support;
use crate::support::cluster::Cluster;
use crate::support::damage::spoil_sled;
use crate::support::http::Client;
use crate::support::load::{self, Load};
use crate::support::random::Random;
use crate::support::story::Story;
use crate::support::topics::{Producer, read_committed};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

#[test]
fn whatever_fails_whenever_each_command_on_kafka_takes_effect_exactly_once() {
    let mut random = Random::of_this_run();
    let mut cluster = Cluster::start(2);
    let client = cluster.client();
    let load = Load::start(&client, "http", 4, 3, random.next());
    let direct = Direct::start(&client, cluster.producer(), random.next());
    for round in 0..support::rounds() {
        load.goes_on(30);
        std::thread::sleep(random.millis(0, 1_500));
        let victim = usize::from(random.below(2) == 1);
        println!("round {round}, node {victim}");
        match round % 5 {
            2 => cluster.broker.restart(),
            3 => {
                // Longer than its session: the other takes over, and this one wakes up in the past.
                cluster.nodes[victim].freeze();
                std::thread::sleep(random.millis(6_500, 9_000));
                cluster.nodes[victim].thaw();
            }
            _ => {
                cluster.nodes[victim].kill();
                // What it does not lose is read from it, the rest from the journal: it must come to the same.
                spoil_sled(&cluster.nodes[victim], round / 2, &mut random);
                std::thread::sleep(random.millis(0, 3_000));
                cluster.nodes[victim].restart();
            }
        }
    }
    for node in &cluster.nodes {
        node.wait_ready();
    }
    load.goes_on(30);
    let mut stories = load.stop();
    let (direct, garbage) = direct.stop();
    stories.extend(direct);
    load::end_and_check_feeds(&client, &mut stories);
    load::transactions_are_the_oracles(&client, &stories);
    cluster.check_topics(&stories);
    let letters = read_committed(&cluster.broker.address(), "commands.dead_letter");
    let mut letters: Vec<String> =
        letters.into_iter().map(|letter| String::from_utf8(letter.value).expect("as it was sent")).collect();
    letters.sort();
    assert_eq!(letters, garbage, "each piece of garbage is set aside once");
}

/// Other programs that write to Kafka themselves, now and then twice, now and then garbage.
struct Direct {
    stop: Arc<AtomicBool>,
    producer: JoinHandle<(Vec<Story>, Vec<String>)>,
}

impl Direct {
    fn start(client: &Client, producer: Producer, seed: u64) -> Self {
        let mut stories: Vec<Story> = (0..4).map(|n| Story::new(&format!("any-{n}"), seed)).collect();
        let mut creating: Vec<Story> =
            (0..8).map(|n| Story::new(&format!("create-{n}"), seed).only_creating()).collect();
        for story in &mut creating {
            // Across topics only an answered command is surely earlier.
            for _ in 0..Story::OPENING {
                load::next(client, story);
            }
        }
        let stop = Arc::<AtomicBool>::default();
        let told = Arc::clone(&stop);
        let mut random = Random::new(seed);
        let mut garbage = Vec::new();
        let produce = move || {
            while !told.load(Ordering::SeqCst) {
                for (story, topic) in pairs(&mut stories, "commands.any")
                    .chain(pairs(&mut creating, "commands.create_transaction"))
                {
                    let next = story.step();
                    let times = if random.below(20) == 0 { 2 } else { 1 };
                    for _ in 0..times {
                        producer.command(topic, &story.user, next.kind, &next.id, &next.data);
                    }
                }
                if random.below(10) == 0 {
                    let piece = format!("garbage {:05}", garbage.len());
                    producer.send("commands.any", None, &piece, piece.as_bytes());
                    garbage.push(piece);
                }
                std::thread::sleep(Duration::from_millis(30));
            }
            producer.flush();
            (stories.into_iter().chain(creating).collect(), garbage)
        };
        Self { stop, producer: std::thread::spawn(produce) }
    }

    /// All of it is on Kafka then; over HTTP a story may go on only behind its last command.
    fn stop(self) -> (Vec<Story>, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        self.producer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn pairs<'a>(
    stories: &'a mut [Story],
    topic: &'static str,
) -> impl Iterator<Item = (&'a mut Story, &'static str)> {
    stories.iter_mut().map(move |story| (story, topic))
}
