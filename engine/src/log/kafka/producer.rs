//! Puts commands that came over HTTP on their topics.

use super::config;
use crate::api::KafkaConfig;
use crate::log::LogError;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::producer::{BaseRecord, DeliveryResult, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

type Answer = oneshot::Sender<Result<(), LogError>>;

struct Context;

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "Kafka producer of commands");
    }
}

impl ProducerContext for Context {
    type DeliveryOpaque = Box<Answer>;

    fn delivery(&self, result: &DeliveryResult<'_>, answer: Box<Answer>) {
        let result = result.as_ref().map(drop).map_err(|(error, _)| unavailable(error));
        // Whoever asked may have given up waiting.
        drop(answer.send(result));
    }
}

fn unavailable(error: &KafkaError) -> LogError {
    LogError::Unavailable(format!("Kafka did not take the command: {error}"))
}

/// The producer of commands.
pub(super) struct CommandProducer(ThreadedProducer<Context>);

impl CommandProducer {
    pub(super) fn new(config: &KafkaConfig) -> KafkaResult<Self> {
        Ok(Self(config::commands(config).create_with_context(Context)?))
    }

    /// Puts a command there; the receiver resolves when the brokers have it, or at once if there is no room.
    pub(super) fn send(
        &self,
        topic: &str,
        partition: u16,
        key: &str,
        value: &[u8],
    ) -> oneshot::Receiver<Result<(), LogError>> {
        let (answer, receiver) = oneshot::channel();
        let record = BaseRecord::with_opaque_to(topic, Box::new(answer));
        let record = record.partition(i32::from(partition)).key(key).payload(value);
        if let Err((error, record)) = self.0.send(record) {
            drop(record.delivery_opaque.send(Err(unavailable(&error))));
        }
        receiver
    }
}
