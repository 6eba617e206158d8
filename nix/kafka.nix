# Settings of a single Kafka node that is its own controller, independent of where it listens.
(builtins.fromTOML (builtins.readFile ../platform/kafka.toml)).properties
