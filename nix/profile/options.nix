# The options of a profile.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  elsewhere = import ../component/elsewhere.nix { inherit lib; };
  hosts = mkOption {
    type = types.attrsOf types.nonEmptyStr;
    description = "The host name at which people reach a component's page, by component.";
  };
  issuer = mkOption {
    type = types.nonEmptyStr;
    description = "The ClusterIssuer of cert-manager that issues the certificates.";
  };
  # What a Gateway and an Ingress have in common; `name` is the kind of its class, and `pods` whose pods serve it.
  edge = name: pods: {
    inherit hosts issuer;
    class = mkOption {
      type = types.nonEmptyStr;
      description = "The ${name}.";
    };
    namespace = mkOption {
      type = types.nonEmptyStr;
      description = "The namespace in which the ${pods}'s pods run.";
    };
  };
in
{
  options = {
    namespace = mkOption {
      type = types.strMatching "[a-z]([a-z0-9-]*[a-z0-9])?";
      description = "The namespace of every object.";
    };

    without = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "The components that it leaves out. No other may depend on them.";
    };

    components = mkOption {
      type = types.attrsOf (types.attrsOf types.anything);
      default = { };
      description = "Values of the options below `cluster`, by component, instead of those of the component.";
    };

    storageClass = mkOption {
      type = types.nullOr types.nonEmptyStr;
      default = null;
      description = "The storage class of every volume; null: the cluster's default.";
    };

    kafka = mkOption {
      type = types.attrTag {
        single = mkOption {
          type = types.submodule { };
          description = "One node, without TLS and passwords.";
        };
        cluster = mkOption {
          type = types.submodule {
            options = {
              nodes = mkOption {
                type = types.ints.between 3 9;
                default = 3;
                description = "The number of nodes. Each is a broker, and a controller that votes.";
              };
              certificate = mkOption {
                type = types.enum [
                  "cert-manager"
                  "existing"
                ];
                default = "cert-manager";
                description = "Who makes the Secret kafka-tls: cert-manager from an authority of its own, or you.";
              };
              producers = mkOption {
                type = types.attrsOf types.nonEmptyStr;
                default = { };
                description = ''
                  The users that may write to metrics.raw and logs.raw, each with the namespace of its pods. The Secret
                  kafka-NAME has the password.
                '';
              };
            };
          };
          description = "Several nodes that serve clients with TLS and SASL/SCRAM, and each other with certificates.";
        };
        external = mkOption {
          type = types.submodule {
            options = {
              brokers = mkOption {
                type = types.nonEmptyListOf (types.strMatching "[^:, ]+:[0-9]+");
                description = "The addresses HOST:PORT of its brokers.";
              };
              inherit (elsewhere) networks namespace;
              mechanism = mkOption {
                type = types.enum [
                  "PLAIN"
                  "SCRAM-SHA-256"
                  "SCRAM-SHA-512"
                ];
                default = "SCRAM-SHA-512";
                description = "The SASL mechanism.";
              };
            };
          };
          description = "A Kafka outside of the profile, with TLS and SASL.";
        };
      };
      default.single = { };
      description = "Which Kafka the services use.";
    };

    monitoring = mkOption {
      type = types.attrTag {
        own = mkOption {
          type = types.submodule { };
          description = "The component prometheus.";
        };
        operator = mkOption {
          type = types.submodule {
            options = {
              prometheus = mkOption {
                type = types.strMatching "[^:/ ]+:[0-9]+";
                description = "The address HOST:PORT of its Prometheus.";
              };
              namespace = mkOption {
                type = types.nonEmptyStr;
                description = "The namespace of that Prometheus.";
              };
              labels = mkOption {
                type = types.attrsOf types.str;
                default = { };
                description = "The labels by which it selects ServiceMonitors and PrometheusRules.";
              };
            };
          };
          description = "The Prometheus of a Prometheus operator, which gets ServiceMonitors and PrometheusRules.";
        };
      };
      default.own = { };
      description = "Which Prometheus scrapes the components and evaluates the rules.";
    };

    backup = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            schedule = mkOption {
              type = import ../component/schedule.nix { inherit lib; };
              default = "30 2 * * *";
              description = "When snapshots are taken, in UTC.";
            };
            keep = mkOption {
              type = types.ints.positive;
              default = 7;
              description = "The number of snapshots of each volume that are kept.";
            };
            class = mkOption {
              type = types.nullOr types.nonEmptyStr;
              default = null;
              description = "The VolumeSnapshotClass; null: the one that the cluster has for the volume's driver.";
            };
          };
        }
      );
      default = null;
      description = ''
        Snapshots of the volumes of components with `backup`, which a CSI driver takes; null: none are taken. The cluster
        needs external-snapshotter.
      '';
    };

    thanos = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            objectStore = mkOption {
              type = types.nonEmptyStr;
              description = ''
                The Secret whose key `objstore.yml` says, in Thanos's own format, in which bucket it keeps measurements.
              '';
            };
            port = mkOption {
              type = types.port;
              default = 443;
              description = "The port of the object storage.";
            };
            inherit (elsewhere) networks namespace;
            cluster = mkOption {
              type = types.nonEmptyStr;
              default = config.namespace;
              defaultText = "`namespace`";
              description = ''
                The label `cluster` of all measurements in the bucket. Each Prometheus that shares the bucket needs
                another one.
              '';
            };
            compactor = mkOption {
              type = types.nullOr (
                types.submodule {
                  options.retention = mkOption {
                    type = types.nullOr (types.ints.between 11 36500);
                    default = 365;
                    description = ''
                      The number of days after which everything in the bucket is deleted, whoever wrote it; null: never.
                    '';
                  };
                }
              );
              default = { };
              description = ''
                What merges the blocks in the bucket, makes coarser ones for queries over long periods, and deletes old
                ones. A bucket needs exactly one compactor; null: another one does it.
              '';
            };
          };
        }
      );
      default = null;
      description = ''
        Thanos, which copies what the component prometheus measures to object storage, and answers queries about all of
        it; null: measurements are lost with Prometheus's volume.
      '';
    };

    edge = mkOption {
      type = types.nullOr (
        types.attrTag {
          gateway = mkOption {
            type = types.submodule {
              options = edge "GatewayClass" "gateway";
            };
            description = "A Gateway with TLS, and an HTTPRoute per host.";
          };
          ingress = mkOption {
            type = types.submodule {
              options = edge "IngressClass" "controller" // {
                annotations = mkOption {
                  type = types.attrsOf types.str;
                  default = { };
                  description = "Annotations for the controller, such as those for a login.";
                };
              };
            };
            description = "An Ingress with TLS per host.";
          };
        }
      );
      default = null;
      description = "How people reach pages from outside; null: with `kubectl port-forward`.";
    };
  };
}
