//! All that `kafka_log` tests, with librdkafka's producer in place of our own.

#[path = "kafka_log.rs"]
mod kafka_log;
