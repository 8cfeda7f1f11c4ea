//! What brokers' error codes mean here.

use kafka_protocol::ResponseError;

/// Kafka's word for an error code.
pub(super) fn told(code: i16) -> String {
    ResponseError::try_from_code(code).map_or_else(|| format!("error {code}"), |error| error.to_string())
}

/// Nothing was done yet: the transaction before, under the same id, is still being finished.
pub(super) fn is_concurrent(code: i16) -> bool {
    code == ResponseError::ConcurrentTransactions.code()
}

/// Nothing was written: too few replicas are there, or the coordinator could not be asked.
pub(super) fn is_not_ready(code: i16) -> bool {
    code == ResponseError::NotEnoughReplicas.code()
}

/// To be asked again, there or elsewhere: the coordinator is starting, or is another broker (now).
pub(super) fn is_elsewhere(code: i16) -> bool {
    use ResponseError::{CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator};
    [CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator].iter().any(|e| e.code() == code)
}
