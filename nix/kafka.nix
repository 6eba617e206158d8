# Settings of a Kafka that is alone, its own controller included: what is the same wherever it listens.
(builtins.fromTOML (builtins.readFile ../platform/kafka.toml)).properties
