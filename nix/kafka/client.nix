# How services and the task `topics` log in to a Kafka with TLS and SASL: each with its own name and the password in the
# Secret kafka-NAME.
{
  mechanism,
  # the Secret with the certificate of the authority, in ca.crt, and whether something in the cluster makes it
  authority,
  automatic,
  # whether the passwords are ours to invent
  generated,
}:
let
  folder = "/etc/kafka-authority";
  # The password has no commas or backslashes, which separate and quote properties.
  properties =
    name:
    builtins.concatStringsSep "," [
      "security.protocol=SASL_SSL"
      "sasl.mechanism=${mechanism}"
      "sasl.username=${name}"
      "sasl.password=$(KAFKA_PASSWORD)"
      "ssl.ca.location=${folder}/ca.crt"
    ];
  credentials = name: {
    variables.KAFKA_PASSWORD = {
      secret = "kafka-${name}";
      inherit generated;
    };
    mounts.kafka-authority = {
      secret = authority;
      inherit automatic;
      path = folder;
      keys = [ "ca.crt" ];
    };
  };
in
{
  # The module of a service.
  service =
    name:
    { config, ... }:
    {
      cluster = credentials name // {
        image = "${name}-tls";
        environment =
          addresses: config.environment addresses // { TIDEWATCH_KAFKA_CONFIG = properties name; };
      };
    };

  # The module of Kafka, to which the task belongs.
  topics.tasksAfter.topics.cluster = credentials "topics" // {
    image = "tidewatch-tls";
    environment.TIDEWATCH_KAFKA_CONFIG = properties "topics";
  };
}
