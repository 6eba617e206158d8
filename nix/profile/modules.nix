# What a profile's options mean for components: definitions by component, the hosts at its edge, and what can't work.
{
  lib,
  # all components as they are without a profile
  all,
}:
{
  namespace,
  without,
  kafka,
  monitoring,
  edge,
  backup,
  ...
}@profile:
let
  present = removeAttrs all without;
  clients = lib.filterAttrs (
    _: component: lib.any ({ port, ... }: port == "broker") component.connections
  ) present;
  secured = removeAttrs kafka [ "single" ] != { };

  client = import ../kafka/client.nix {
    mechanism = kafka.external.mechanism or "SCRAM-SHA-512";
    # Kafka's own Secret, or that of the authority which signed the brokers' certificates
    authority = if kafka ? external then "kafka-authority" else "kafka-tls";
    automatic = (kafka.cluster.certificate or "") == "cert-manager";
    # Whoever runs another Kafka gives its users their passwords.
    generated = !(kafka ? external);
  };
  thanos = lib.optionalAttrs (profile.thanos != null) (
    import ../thanos { inherit lib; } profile.thanos
  );
  outer = if edge == null then { hosts = { }; } else lib.head (lib.attrValues edge);
  inherit (outer) hosts;

  # The claims of the volumes that are backed up.
  claimsOf =
    components:
    map (name: "data-${name}-0") (
      lib.attrNames (
        lib.filterAttrs (_: { cluster, ... }: cluster.backup && cluster.external == null) components
      )
    );
in
{
  inherit hosts;

  # The components that it adds.
  added = lib.subtractLists (lib.attrNames all) (lib.attrNames thanos);

  # Each is a list of modules.
  components = lib.zipAttrs [
    (lib.optionalAttrs secured (lib.mapAttrs (name: _: client.service name) clients))
    (lib.optionalAttrs secured { kafka = client.topics; })
    (lib.optionalAttrs (kafka ? cluster) {
      kafka = import ../kafka/cluster.nix {
        inherit namespace;
        inherit (kafka.cluster) nodes certificate producers;
        access = lib.intersectAttrs clients (import ../kafka/access.nix);
      };
    })
    (lib.optionalAttrs (kafka ? external) {
      kafka.cluster.external = {
        addresses.broker = lib.concatStringsSep "," kafka.external.brokers;
        inherit (kafka.external) namespace networks;
      };
    })
    (lib.optionalAttrs (monitoring ? operator) {
      prometheus.cluster.external = {
        addresses.http = monitoring.operator.prometheus;
        inherit (monitoring.operator) namespace;
      };
    })
    (lib.optionalAttrs (backup != null) {
      backup = import ./backup.nix (backup // { inherit claimsOf; });
    })
    thanos
    # KEDA asks Prometheus for the lag.
    {
      prometheus =
        { components, ... }:
        {
          cluster.reachedFrom = lib.mkMerge (
            map (
              { cluster, ... }:
              lib.optionalAttrs (cluster.autoscaling != null && cluster.autoscaling ? keda) {
                ${cluster.autoscaling.keda.namespace} = [ "http" ];
              }
            ) (lib.attrValues components)
          );
        };
    }
    (lib.mapAttrs (
      _: _:
      { config, ... }:
      {
        cluster.reachedFrom.${outer.namespace} = lib.take 1 config.entrances;
      }
    ) hosts)
  ];

  # Options that exclude each other.
  contradictions = lib.optionals (profile.thanos != null) (
    lib.optional (monitoring ? operator)
      "thanos needs monitoring.own: to keep what an operator's Prometheus measures, let the operator run Thanos"
    ++ lib.optional (lib.elem "prometheus" without) "thanos needs prometheus, which it leaves out"
  );

  # Mistakes that only the profile's components together show.
  problems =
    components:
    lib.optional (
      backup != null && claimsOf components == [ ]
    ) "backup: no component of it has cluster.backup, so there is nothing to back up"
    ++ map (name: "the edge serves ${name}, which has no page") (
      lib.filter (name: components.${name}.entrances == [ ]) (lib.attrNames hosts)
    )
    # Each producer is a user of Kafka, and has the Secret kafka-NAME.
    ++
      map
        (
          user:
          "kafka.cluster.producers.${user}: the name is taken, or has other characters than a-z, 0-9 and hyphens"
        )
        (
          lib.filter (
            user:
            builtins.match "[a-z]([a-z0-9-]*[a-z0-9])?" user == null
            || all ? ${user}
            || lib.elem user [
              "authority"
              "tls"
              "topics"
            ]
          ) (lib.attrNames (kafka.cluster.producers or { }))
        );
}
