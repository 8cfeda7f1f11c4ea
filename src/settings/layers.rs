//! Flags > environment > file > defaults. clap knows flags, environment and defaults; so the file's values become
//! defaults, and pass the same checks as everything else.

use crate::args::Cli;
use anyhow::{Context as _, bail};
use clap::builder::OsStr;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names from before centime that set a flag, too, when its own variable doesn't.
const FOREIGN_NAMES: [(&str, &str); 2] =
    [("bus", "MESSAGE_BUS_TYPE"), ("bootstrap-servers", "KAFKA_BOOTSTRAP_SERVERS")];

/// Values by flag name, to be used where neither flag nor environment says otherwise.
type Layer = HashMap<String, Vec<String>>;

/// Reads the command line with all its layers, or ends the process with a message (or the help that was asked for).
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Cli {
    let args = with_command(args);
    let plain = with_layer(Cli::command(), &foreign());
    let matches = plain.clone().get_matches_from(&args);
    let matches = match config_file(&matches) {
        None => matches,
        Some(path) => {
            let mut layer = read_file(&path).unwrap_or_else(|error| {
                eprintln!("centime: {error:#}");
                std::process::exit(2)
            });
            layer.extend(foreign());
            with_layer(Cli::command(), &layer).get_matches_from(&args)
        }
    };
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Without a command, centime serves.
fn with_command(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.collect();
    let first = args.get(1).and_then(|arg| arg.to_str());
    let about_centime = matches!(first, Some("-h" | "--help" | "-V" | "--version"));
    let place = after_global_flags(&args);
    let next = args.get(place).and_then(|arg| arg.to_str());
    if next.is_none_or(|arg| arg.starts_with('-')) && !about_centime {
        args.insert(place.min(args.len()), "serve".into());
    }
    args
}

/// Where the command is, or should be: flags that all commands have may stand before it.
fn after_global_flags(args: &[OsString]) -> usize {
    let cli = Cli::command();
    let is_global = |flag: &str| {
        let mut globals = cli.get_arguments().filter(|arg| arg.is_global_set());
        globals.any(|arg| arg.get_long().is_some_and(|long| flag.strip_prefix("--") == Some(long)))
    };
    let mut place = 1;
    while let Some(flag) = args.get(place).and_then(|arg| arg.to_str()) {
        place += match flag.split_once('=') {
            Some((flag, _)) if is_global(flag) => 1,
            None if is_global(flag) => 2,
            _ => break,
        };
    }
    place
}

fn foreign() -> Layer {
    let set = |(flag, name): (&str, &str)| Some((flag.to_owned(), vec![std::env::var(name).ok()?]));
    FOREIGN_NAMES.into_iter().filter_map(set).collect()
}

/// The `--config` of whichever command was given.
fn config_file(matches: &ArgMatches) -> Option<PathBuf> {
    let (_, command) = matches.subcommand()?;
    command.try_get_one::<PathBuf>("config").ok().flatten().cloned()
}

/// Puts a layer's values in place of the defaults.
fn with_layer(command: Command, layer: &Layer) -> Command {
    let set = |arg: Arg| match arg.get_long().and_then(|long| layer.get(long)) {
        Some(values) => arg.default_values(values.iter().map(OsStr::from)),
        None => arg,
    };
    command.mut_args(set).mut_subcommands(|sub| with_layer(sub, layer))
}

fn read_file(path: &Path) -> anyhow::Result<Layer> {
    let name = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("--config {name} can't be read"))?;
    let table: toml::Table = text.parse().with_context(|| format!("--config {name} is not TOML"))?;
    let known = flags(&Cli::command());
    let mut layer = Layer::new();
    for (key, value) in table {
        if !known.contains(&key) {
            let known: Vec<_> = known.into_iter().collect();
            bail!("--config {name}: there is no setting {key:?}; there are {}", known.join(", "));
        }
        let flag = if key == "kafka" { "kafka-from-file".to_owned() } else { key.clone() };
        layer.insert(
            flag,
            words(&value).with_context(|| format!("--config {name}: {key} has a value of the wrong kind"))?,
        );
    }
    Ok(layer)
}

/// A value as it would be written on the command line.
fn words(value: &toml::Value) -> anyhow::Result<Vec<String>> {
    Ok(match value {
        toml::Value::Table(table) => {
            let pair = |(key, value): (&String, &toml::Value)| Ok(format!("{key}={}", word(value)?));
            table.iter().map(pair).collect::<anyhow::Result<_>>()?
        }
        toml::Value::Array(values) => values.iter().map(word).collect::<anyhow::Result<_>>()?,
        single => vec![word(single)?],
    })
}

fn word(value: &toml::Value) -> anyhow::Result<String> {
    Ok(match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(flag) => flag.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Datetime(instant) => instant.to_string(),
        other => bail!("{other} is nested too deep"),
    })
}

/// Every flag that a file may set.
fn flags(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|arg| !arg.is_hide_set()).filter_map(Arg::get_long);
    let own = own.filter(|long| !matches!(*long, "config" | "help" | "version")).map(str::to_owned);
    own.chain(command.get_subcommands().flat_map(flags)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Action, EngineArgs};

    fn engine(file: &str, flags: &[&str]) -> anyhow::Result<EngineArgs> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("centime.toml");
        std::fs::write(&path, file)?;
        let args = ["centime", "serve"].iter().chain(flags);
        let matches = with_layer(Cli::command(), &read_file(&path)?).try_get_matches_from(args)?;
        match Cli::from_arg_matches(&matches)?.action {
            Action::Serve(args) => Ok(args.engine),
            _ => bail!("asked for serve"),
        }
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file = "partitions = 24\nshards = 3\nwrite-behind = \"1s\"\n[kafka]\n\"linger.ms\" = 7\n";
        let args = engine(file, &["--shards", "5"]).expect("fine");
        assert_eq!((args.partitions, args.shards), (24, Some(5)));
        assert_eq!(args.write_behind, std::time::Duration::from_secs(1));
        assert_eq!(args.kafka.kafka_from_file, ["linger.ms=7".parse().expect("fine")]);
    }

    #[test]
    fn an_unknown_setting_is_named_together_with_the_known_ones() {
        let error = engine("partition = 24", &[]).expect_err("must be refused").to_string();
        assert!(error.contains("\"partition\"") && error.contains("partitions"), "{error}");
    }

    #[test]
    fn the_files_values_pass_the_same_checks() {
        let error = engine("partitions = 0", &[]).expect_err("must be refused").to_string();
        assert!(error.contains("--partitions"), "{error}");
    }

    #[test]
    fn without_a_command_it_serves() {
        let given = |words: &[&str]| with_command(words.iter().map(OsString::from));
        assert_eq!(given(&["centime"]), ["centime", "serve"]);
        assert_eq!(given(&["centime", "--shards", "2"]), ["centime", "serve", "--shards", "2"]);
        assert_eq!(given(&["centime", "--help"]), ["centime", "--help"]);
        assert_eq!(given(&["centime", "demo"]), ["centime", "demo"]);
        let logged = ["centime", "--log", "warn", "journal", "verify"];
        assert_eq!(given(&logged), logged);
        assert_eq!(
            given(&["centime", "--log=warn", "--shards", "2"]),
            ["centime", "--log=warn", "serve", "--shards", "2"]
        );
        assert_eq!(given(&["centime", "--log", "warn"]), ["centime", "--log", "warn", "serve"]);
    }

    #[test]
    fn every_flag_has_its_variable() {
        fn check(command: &Command) {
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional()) {
                let long = arg.get_long().expect("every flag has a long name");
                let env = arg.get_env().and_then(|env| env.to_str());
                assert!(
                    env.is_some_and(|env| env.starts_with("CENTIME_")),
                    "--{long} of {}",
                    command.get_name()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
