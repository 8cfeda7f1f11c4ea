//! centime's engine: logs, shards, journal, recovery, feed
