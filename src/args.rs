//! The command line. What a flag may be set by besides (environment, file) is layered in `settings::layers`.

use crate::settings::values::{Budget, KafkaSetting, parse_duration};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// A real-time personal finance engine: commands in, exactly-once events out.
#[derive(Debug, Parser)]
#[command(
    name = "centime",
    version,
    after_help = "Without a command, centime serves: `centime --listen 127.0.0.1:9000` is `centime serve --listen 127.0.0.1:9000`.\n\
                  New here? `centime demo` needs nothing and shows what it does.\n\n\
                  Every flag can also be set in the environment (shown as [env: …]) and, by its name, in the TOML file given with\n\
                  --config. Flags win over the environment, the environment over the file, the file over the defaults."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub log: LogArgs,
    #[command(subcommand)]
    pub action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Run the engine and its HTTP edge until SIGTERM or SIGINT
    Serve(ServeArgs),
    /// Feed a file through the same path as HTTP POST, print the alerts it raises
    Replay(ReplayArgs),
    /// Serve a demo user with a year of lifelike data and live transactions: the place to start
    Demo(DemoArgs),
    /// Check or print the journal of a data folder
    Journal(JournalArgs),
}

/// Logs go to stderr; stdout belongs to results.
#[derive(Debug, Args)]
#[command(next_help_heading = "Logging")]
pub(crate) struct LogArgs {
    /// How log lines look
    #[arg(long, global = true, env = "CENTIME_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,
    /// What to log, e.g. `warn` or `info,centime_engine=debug`
    #[arg(long = "log", global = true, env = "CENTIME_LOG", value_name = "FILTER", default_value = "info")]
    pub log_filter: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For eyes
    Human,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub http: HttpArgs,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct HttpArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, env = "CENTIME_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub listen: String,
    /// Who may come in. `none` (everybody who can reach the address) is the only kind so far, and is refused on anything
    /// but loopback addresses
    #[arg(long, env = "CENTIME_AUTH", value_enum, default_value_t = Auth::None)]
    pub auth: Auth,
    /// Listen beyond loopback although nothing here asks who is there. Only for a private container network in front of
    /// which something else authenticates (see docs/adr/0005)
    #[arg(long, env = "CENTIME_TRUST_NETWORK", value_parser = BoolishValueParser::new())]
    pub trust_network: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    /// Everybody who can reach the address
    None,
    /// Signed-in users (not available yet)
    Required,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineArgs {
    /// TOML file of settings, named as the flags are: `listen = "127.0.0.1:9000"`, `[kafka]` …
    #[arg(long, env = "CENTIME_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of journal, sled (a cache) and dead letters
    #[arg(long, env = "CENTIME_DATA_DIR", value_name = "DIR", default_value = "./centime-data")]
    pub data_dir: PathBuf,
    /// Which log carries commands and events; `MESSAGE_BUS_TYPE` sets it, too
    #[arg(long, env = "CENTIME_BUS", value_enum, default_value_t = BusKind::Embedded)]
    pub bus: BusKind,
    /// Partitions of users, fixed once the first command is in. On Kafka: of the commands and journal topics, if they
    /// have to be created
    #[arg(long, env = "CENTIME_PARTITIONS", value_name = "N", default_value_t = 12,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub partitions: u16,
    /// Worker threads the partitions are spread over [default: one a core, at most 16]
    #[arg(long, env = "CENTIME_SHARDS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub shards: Option<u16>,
    /// Most memory the users' state may take; who was away longest is put to disk first
    #[arg(long, env = "CENTIME_MEMORY_MIB", value_name = "MIB", default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(16..))]
    pub memory_mib: u32,
    /// Oldest a change may get before it is written to sled (durability does not depend on it). It is written sooner when
    /// there is nothing else to do, or much to replay after a crash
    #[arg(long, env = "CENTIME_WRITE_BEHIND", value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub write_behind: Duration,
    /// Start the engine's clock at this instant; POST /v1/admin/clock moves it on. For tests
    #[arg(long, env = "CENTIME_CLOCK", value_name = "RFC3339")]
    pub clock: Option<Timestamp>,
    /// A command whose id starts with this panics in its actor. For tests
    #[arg(long, env = "CENTIME_PANIC_ID", value_name = "TEXT", hide = true)]
    pub panic_id: Option<String>,
    #[command(flatten)]
    pub kafka: KafkaArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BusKind {
    /// Files in the data folder: one process, no other service
    Embedded,
    /// Apache Kafka: as many processes as there are partitions
    Kafka,
    /// Memory, gone with the process. For tests
    #[value(name = "inmemory")]
    InMemory,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Kafka")]
pub(crate) struct KafkaArgs {
    /// Brokers to start from, `host:port,…`; `KAFKA_BOOTSTRAP_SERVERS` sets it, too
    #[arg(long, env = "CENTIME_BOOTSTRAP_SERVERS", value_name = "SERVERS")]
    pub bootstrap_servers: Option<String>,
    /// Any librdkafka setting, for all of centime's Kafka clients; may be repeated (in the environment: one a line)
    #[arg(
        long = "kafka",
        env = "CENTIME_KAFKA",
        hide_env_values = true,
        value_name = "KEY=VALUE",
        value_delimiter = '\n'
    )]
    pub settings: Vec<KafkaSetting>,
    /// The file's `[kafka]` table lands here, so that a flag replaces one key of it, not the whole table.
    #[arg(long, hide = true)]
    pub kafka_from_file: Vec<KafkaSetting>,
    /// Name of this cluster of centimes: the consumer group and the prefix of transactional ids
    #[arg(long, env = "CENTIME_GROUP", value_name = "NAME", default_value = "centime")]
    pub group: String,
    /// This node's stable name in the group [default: made up once, kept in the data folder]
    #[arg(long, env = "CENTIME_NODE", value_name = "NAME")]
    pub node: Option<String>,
    /// HTTP address the other nodes reach this one at [default: the listen address, or this host's name]
    #[arg(long, env = "CENTIME_ADVERTISE", value_name = "HOST:PORT")]
    pub advertise: Option<String>,
    /// Partitions of the events topics, if they have to be created
    #[arg(long, env = "CENTIME_EVENT_PARTITIONS", value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub event_partitions: u16,
    /// Replicas of each topic, if they have to be created; 3 where nothing may be lost
    #[arg(long, env = "CENTIME_REPLICATION", value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u16).range(1..=16))]
    pub replication: u16,
    /// How long a silent node keeps its partitions
    #[arg(long, env = "CENTIME_SESSION_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = parse_duration)]
    pub session_timeout: Duration,
}

#[derive(Debug, Args)]
#[command(after_long_help = REPLAY_HELP)]
pub(crate) struct ReplayArgs {
    /// The file
    pub file: PathBuf,
    /// What is in it (--help tells the columns)
    #[arg(long, env = "CENTIME_FORMAT", value_enum)]
    pub format: Format,
    /// Give every user in the file this monthly budget, from the file's first month on; may be repeated
    #[arg(long = "budget", env = "CENTIME_BUDGET", value_name = "CATEGORY=LIMIT", value_delimiter = '\n')]
    pub budgets: Vec<Budget>,
    /// Print each alert's event envelope, one a line, and nothing else, to stdout; the summary goes to stderr
    #[arg(long, env = "CENTIME_JSON", value_parser = BoolishValueParser::new())]
    pub json: bool,
    /// Send to this running server instead of opening a data folder; the engine's settings are not used then
    #[arg(long, env = "CENTIME_URL", value_name = "URL")]
    pub url: Option<String>,
    /// The user of rows that name none (csv)
    #[arg(long, env = "CENTIME_USER", value_name = "ID", default_value = "me")]
    pub user: String,
    /// The currency of rows and budgets that name none [default: EUR, in berka files CZK]
    #[arg(long, env = "CENTIME_CURRENCY", value_name = "CODE")]
    pub currency: Option<String>,
    #[command(flatten)]
    pub engine: EngineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The Berka bank data set's transactions
    Berka,
    /// Any table of transactions with a header
    Csv,
    /// One command envelope a line
    Jsonl,
}

const REPLAY_HELP: &str = "\
Formats:
  berka  `;`-separated trans.csv (trans_id, account_id, date YYMMDD, type, operation, amount, k_symbol, …). User =
         account_id; `credit` is Income, all else Expense; category = k_symbol or, where that is blank, the operation;
         currency CZK.
  csv    `,`-, `;`- or tab-separated with a header, in any order and case: date (YYYY-MM-DD) and amount (12.50; without a
         type column, -12.50 is an Expense) are needed; category, type or transaction_type (Income, Expense, credit,
         debit), user, currency, payee, note, id are optional.
  jsonl  one command a line: {\"specversion\":\"1.0\",\"id\":…,\"source\":…,\"type\":\"create_transaction\",\"subject\":USER,
         \"time\":…,\"data\":{…}}.

A command's time is its row's date at 00:00 UTC (jsonl: the envelope's own). Command ids come from the rows (trans_id; id,
or the row's content and how often it occurred before): replaying a file again changes nothing. Rows with a zero amount are
notes of the bank: counted, not sent. What can't be read goes to the dead letters (with --url: to the log) and is counted.
Refused commands and dead letters do not fail the replay; what could not be delivered does.";

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Address to listen on; another port is taken when this one is occupied
    #[arg(long, env = "CENTIME_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    pub listen: String,
    /// Folder the demo keeps its data in; delete it to start over
    #[arg(long, env = "CENTIME_DEMO_DATA_DIR", value_name = "DIR", default_value = "./centime-demo-data")]
    pub demo_data_dir: PathBuf,
    /// Time between two live transactions
    #[arg(long, env = "CENTIME_PACE", value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub pace: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct JournalArgs {
    #[command(subcommand)]
    pub action: JournalAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JournalAction {
    /// Read the whole journal, check every checksum, sequence and hash; exit 1 on damage
    Verify(JournalPlace),
    /// Print every decided command as one JSON object a line
    Dump(DumpArgs),
}

#[derive(Debug, Args)]
pub(crate) struct JournalPlace {
    /// Folder whose `journal/` to read (the embedded log's; Kafka's journal is its topic)
    #[arg(long, env = "CENTIME_DATA_DIR", value_name = "DIR", default_value = "./centime-data")]
    pub data_dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DumpArgs {
    #[command(flatten)]
    pub place: JournalPlace,
    /// Only this user's commands
    #[arg(long, env = "CENTIME_USER", value_name = "ID")]
    pub user: Option<String>,
}
