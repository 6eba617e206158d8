# The six services, wired as `tidewatch up` wires them when it has found an Alertmanager.
{
  lib,
  ports,
  services,
}:
let
  inherit (ports)
    at
    url
    admin
    pages
    ;
  brokers = "--brokers=${at ports.kafka}";
  # The broker itself is named, too, since it is ended after those that name it.
  withKafka = [
    "kafka"
    "topics"
  ];

  service =
    name:
    {
      arguments,
      after ? [ ],
    }:
    {
      program = [
        "${services.${name}}/bin/${name}"
        "--admin-listen=${at admin.${name}}"
      ]
      ++ lib.optional (pages ? ${name}) "--listen=${at pages.${name}}"
      ++ arguments;
      # Traces and logs.
      environment.OTEL_EXPORTER_OTLP_ENDPOINT = url ports.otlp-http;
      ports = [ admin.${name} ] ++ lib.optional (pages ? ${name}) pages.${name};
      ready = {
        port = admin.${name};
        path = "/readyz";
      };
      after = [ "otel-collector" ] ++ after;
    };
in
lib.mapAttrs service {
  mock-slack.arguments = [ "--data-dir=." ];

  alert-relay = {
    arguments = [
      brokers
      "--alertmanager=${url ports.alertmanager}"
    ];
    after = withKafka ++ [ "alertmanager" ];
  };

  # What is started later is ended earlier: what it still sends is dealt with.
  stream-processor = {
    arguments = [
      brokers
      # Under a name of its own it has its partitions back at once after a kill -9.
      "--instance-id=tidewatch-local"
    ];
    after = withKafka ++ [ "alert-relay" ];
  };

  metrics-bridge = {
    arguments = [ brokers ];
    after = withKafka;
  };

  workload-simulator = {
    arguments = [ brokers ];
    after = withKafka ++ [
      "stream-processor"
      "metrics-bridge"
    ];
  };

  # It looks at the others, and would report each of them as gone.
  console = {
    arguments = [
      brokers
      "--processor=${url admin.stream-processor}"
      "--simulator=${url pages.workload-simulator}"
      "--mock-slack=${url pages.mock-slack}"
    ];
    after = withKafka ++ [
      "workload-simulator"
      "mock-slack"
    ];
  };
}
