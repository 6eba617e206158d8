//! The outcomes of reading, for consumers that account for every offset.

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset};

use crate::message::Incoming;

/// The outcome of a read.
///
/// Offsets skipped between two records, or between a record and the end, are holes: they never held a readable record
/// (control records), the record was aborted (transactions), or a newer record replaced it (compaction). Records
/// deleted by retention are never skipped; they are reported as [`Fetched::OutOfRange`].
#[derive(Debug)]
pub enum Fetched<'a> {
    /// The next record.
    Record(Incoming<'a>),
    /// The partition was read to its end, as reported by the broker rather than derived from offsets: everything before
    /// the end was returned or is a hole. If a transaction is open, the end is before its first record.
    End {
        /// The partition.
        partition: i32,
        /// The offset after the last record read and any control records following it. `None` if neither was read since
        /// reading began.
        position: Option<i64>,
    },
    /// The next offset to read doesn't exist, and reading has stopped: either retention has deleted it, or the topic
    /// was recreated. The ends of the partitions show which.
    OutOfRange,
}

/// Makes a consumer report every case of [`Fetched`], instead of silently continuing at the oldest offset.
pub(crate) fn accounting(config: &mut ClientConfig) -> &mut ClientConfig {
    config.set("enable.partition.eof", "true").set("auto.offset.reset", "error")
}

/// Converts an error of an `accounting` consumer to an outcome, or to `None` if the client retries by itself.
pub(crate) fn said_by<'a, C: ConsumerContext>(
    error: &Native,
    consumer: &impl Consumer<C>,
    topic: &str,
) -> Result<Option<Fetched<'a>>, Native> {
    match error {
        Native::PartitionEOF(partition) => {
            let positions = consumer.position()?;
            let position = match positions.find_partition(topic, *partition).map(|found| found.offset()) {
                Some(Offset::Offset(position)) => Some(position),
                _ => None,
            };
            Ok(Some(Fetched::End { partition: *partition, position }))
        }
        Native::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset) => Ok(Some(Fetched::OutOfRange)),
        _ => Ok(None),
    }
}
