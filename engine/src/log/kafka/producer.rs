//! Puts commands that came over HTTP on their topics.

use super::config;
use crate::api::KafkaConfig;
use crate::log::LogError;
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, ProducerContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
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

/// How long its thread waits for the brokers' answers before it looks whether it should end. rdkafka's own thread waits 100 ms,
/// and spins through the last of them: a hundredth of a core, for nothing.
const LOOK: Duration = Duration::from_secs(1);

/// The producer of commands.
pub(super) struct CommandProducer {
    inner: Arc<BaseProducer<Context>>,
    stop: Arc<AtomicBool>,
}

impl CommandProducer {
    pub(super) fn new(config: &KafkaConfig) -> Result<Self, LogError> {
        let setup = |e| LogError::Setup(format!("the Kafka settings are not accepted: {e}"));
        let inner: BaseProducer<_> = config::commands(config).create_with_context(Context).map_err(setup)?;
        let (inner, stop) = (Arc::new(inner), Arc::<AtomicBool>::default());
        let (producer, stopped) = (Arc::clone(&inner), Arc::clone(&stop));
        std::thread::Builder::new()
            .name("kafka-commands".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    producer.poll(LOOK);
                }
            })
            .map_err(|e| LogError::Unavailable(format!("no thread for the producer of commands: {e}")))?;
        Ok(Self { inner, stop })
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
        if let Err((error, record)) = self.inner.send(record) {
            drop(record.delivery_opaque.send(Err(unavailable(&error))));
        }
        receiver
    }
}

impl Drop for CommandProducer {
    fn drop(&mut self) {
        // Its thread is not waited for: what it still polls for, nobody waits for any more.
        self.stop.store(true, Ordering::Relaxed);
    }
}
