//! What comes of reading on, for those who account for every offset.

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError as Native;
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{ClientConfig, Offset};

use crate::message::Incoming;

/// What comes of reading on.
///
/// Offsets that are passed over between two records, or between a record and the end, are holes: no record was ever
/// there to be read (control records), it was taken back (aborted transactions), or a newer one stands for it
/// (compaction). Records that retention has deleted are never passed over, they are [`Fetched::OutOfRange`].
#[derive(Debug)]
pub enum Fetched<'a> {
    /// The next record.
    Record(Incoming<'a>),
    /// The partition was read to its end, which is what the broker says, not what offsets say: everything before it was
    /// handed out or is a hole. Where a transaction is open, the end is before its first record.
    End {
        /// The partition.
        partition: i32,
        /// The offset behind the last record read and the control records after it. None: there were neither since
        /// reading began.
        position: Option<i64>,
    },
    /// What is to be read next is not there, and reading stands still: retention has deleted it, or the topic was
    /// created anew. The ends of the partitions say which of them it is.
    OutOfRange,
}

/// Makes a consumer say what [`Fetched`] has, rather than go on at the oldest offset without a word.
pub(crate) fn accounting(config: &mut ClientConfig) -> &mut ClientConfig {
    config.set("enable.partition.eof", "true").set("auto.offset.reset", "error")
}

/// What an error of a consumer that is `accounting` says; none where the client tries again by itself.
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
