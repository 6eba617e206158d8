# Settings of a Kafka that is alone, its own controller included: what is the same wherever it listens.
{
  "process.roles" = "broker,controller";
  "node.id" = 1;
  "controller.listener.names" = "CONTROLLER";

  "auto.create.topics.enable" = "false";
  # A dead letter is its original, of up to 4 MiB, and some headers.
  "message.max.bytes" = 4259840;
  "min.insync.replicas" = 1;
  "offsets.topic.replication.factor" = 1;
  "offsets.topic.num.partitions" = 1;
  "transaction.state.log.replication.factor" = 1;
  "transaction.state.log.min.isr" = 1;
  "transaction.state.log.num.partitions" = 1;
  "share.coordinator.state.topic.replication.factor" = 1;
  "share.coordinator.state.topic.min.isr" = 1;
  # A lone first member need not wait for others, nor a lone broker for its own old registration.
  "group.initial.rebalance.delay.ms" = 0;
  "broker.session.timeout.ms" = 3000;
  "broker.heartbeat.interval.ms" = 500;
  # The default of 128 MiB is half of a small heap.
  "log.cleaner.dedupe.buffer.size" = 8388608;
  "num.network.threads" = 2;
  "num.io.threads" = 4;
}
