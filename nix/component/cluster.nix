# The options of a component that only a cluster needs.
{
  lib,
  name,
  config,
  options,
  components,
  ...
}:
let
  inherit (lib) mkOption types;
  inherit (config.cluster) beside;
  arguments = options.arguments.type;
  secrets = import ./secrets.nix { inherit lib; };
  elsewhere = import ./elsewhere.nix { inherit lib; };
  bounds = {
    minimum = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "The least number of pods.";
    };
    maximum = mkOption {
      type = types.ints.positive;
      description = "The largest number of pods.";
    };
  };

  # What an account may do.
  rules = types.listOf (
    types.submodule {
      options = {
        group = mkOption {
          type = types.str;
          default = "";
          description = "The API group; empty: that of pods and nodes.";
        };
        resources = mkOption {
          type = types.listOf types.str;
          description = "The resources, such as `pods`.";
        };
        verbs = mkOption {
          type = types.listOf (
            types.enum [
              "create"
              "delete"
              "get"
              "list"
              "watch"
            ]
          );
          default = [
            "get"
            "list"
            "watch"
          ];
          description = "What it may do with them.";
        };
      };
    }
  );
in
{
  options.cluster = secrets // {
    workload = mkOption {
      type = types.enum [
        "Deployment"
        "StatefulSet"
        "DaemonSet"
        "CronJob"
      ];
      default =
        # another check reports an unknown one
        if beside != null && components ? ${beside} then
          components.${beside}.cluster.workload
        else if config.state then
          "StatefulSet"
        else
          "Deployment";
      defaultText = "that of `cluster.beside`; StatefulSet if it keeps `state`";
      description = ''
        The kind of object that runs it. A DaemonSet has one pod on every node. A CronJob starts a pod by its `schedule`,
        which ends by itself; it has no ports, so it needs no `ready`.
      '';
    };

    schedule = mkOption {
      type = types.nullOr (import ./schedule.nix { inherit lib; });
      default = null;
      example = "30 2 * * *";
      description = "When a CronJob runs, in UTC. It doesn't start while it still runs.";
    };

    deadlineSeconds = mkOption {
      type = types.ints.positive;
      default = 3600;
      description = "The seconds after which a run of a CronJob, with the attempt that follows a failed one, has failed.";
    };

    backup = mkOption {
      type = types.bool;
      default = false;
      description = "Whether a profile with `backup` takes snapshots of its volume. It must recover from a copy of a running disk.";
    };

    beside = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = ''
        The component in whose pod it runs, in a container of its own beside that one's, with the same folders /data
        and /tmp. It has its own Service and NetworkPolicy, but what the policies allow to one container of a pod they
        allow to all. null: it has pods of its own.
      '';
    };

    image = mkOption {
      type = types.nonEmptyStr;
      default = name;
      defaultText = "the component's name";
      description = "The name of its image.";
    };

    replicas = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "The number of its pods; a StatefulSet without `memberPorts` has one.";
    };

    memberPorts = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = ''
        The names of the ports at which its pods reach each other, if they form one cluster in which each has a name
        (NAME-0, NAME-1) and a volume of its own. Such a StatefulSet can have several pods.
      '';
    };

    autoscaling = mkOption {
      type = types.nullOr (
        types.attrTag {
          hpa = mkOption {
            type = types.submodule {
              options = bounds // {
                cpu = mkOption {
                  type = types.ints.positive;
                  default = 70;
                  description = "The percentage of the reserved CPU that its pods use on average.";
                };
              };
            };
            description = "A HorizontalPodAutoscaler by CPU, which needs metrics-server.";
          };
          keda = mkOption {
            type = types.submodule {
              options = bounds // {
                lag = mkOption {
                  type = types.ints.positive;
                  description = "The number of records that wait for each pod.";
                };
                namespace = mkOption {
                  type = types.str;
                  default = "keda";
                  description = "The namespace of KEDA, which asks Prometheus.";
                };
              };
            };
            description = "A ScaledObject of KEDA by consumer lag.";
          };
        }
      );
      default = null;
      description = "What changes the number of pods of a Deployment; null: it has `replicas`.";
    };

    external = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            addresses = mkOption {
              type = types.attrsOf types.nonEmptyStr;
              description = "Its addresses (HOST:PORT, several with commas), by the name of the port.";
            };
            inherit (elsewhere) networks namespace;
          };
        }
      );
      default = null;
      description = "Where it runs, if that is outside of the profile; then it has no objects.";
    };

    reachedFrom = mkOption {
      type = types.attrsOf (types.listOf types.str);
      default = { };
      description = "The other namespaces whose pods may reach it, each with the names of its ports.";
    };

    tasks = mkOption {
      type = types.attrsOf (
        types.submodule {
          options = {
            before = mkOption {
              type = types.attrsOf arguments;
              default = { };
              description = "Arguments with which the image has to run and succeed first, by name.";
            };
            arguments = mkOption {
              type = arguments;
              description = "A function of addresses: the arguments of its image.";
            };
            port = mkOption {
              type = types.str;
              default = config.ready.port;
              defaultText = "`ready.port`";
              description = "The name of the component's port that it connects to.";
            };
            memory = mkOption {
              type = types.ints.positive;
              description = "The memory in MiB that is reserved for it, and beyond which it is killed.";
            };
          }
          // secrets;
        }
      );
      default = { };
      description = "Jobs with its image that have to succeed after it has started, by name.";
    };

    objects = mkOption {
      type = types.attrsOf (types.attrsOf types.anything);
      default = { };
      description = "Further objects that it needs, by file name.";
    };

    only = mkOption {
      type = types.bool;
      default = false;
      # Nothing else starts programs by a schedule.
      apply = only: only || config.cluster.workload == "CronJob";
      description = "Whether it runs in a cluster only, and not under `.#local`; a CronJob always does.";
    };

    nodes = mkOption {
      type = types.ints.positive;
      default = 3;
      description = "The number of nodes for which the namespace's quota has room, if it is a DaemonSet.";
    };

    access = {
      namespace = mkOption {
        type = rules;
        default = [ ];
        description = "What it may do in its namespace. Only a component with access gets a token of the API server.";
      };
      cluster = mkOption {
        type = rules;
        default = [ ];
        description = "What it may do in the whole cluster, such as listing `nodes`.";
      };
    };

    outside = mkOption {
      type = types.attrsOf (
        types.coercedTo types.port (port: { inherit port; }) (
          types.submodule {
            options = {
              port = mkOption {
                type = types.port;
                description = "The port. `outside.NAME = PORT` is the same as `outside.NAME.port = PORT`.";
              };
              public = mkOption {
                type = types.bool;
                default = false;
                description = ''
                  Whether only public addresses answer there: then it can't reach those of internal networks, whatever
                  `networks` and `namespace` are.
                '';
              };
              inherit (elsewhere) networks namespace;
            };
          }
        )
      );
      default = { };
      description = "Ports that it reaches outside of the components, each by the name of what answers there.";
    };

    arguments = mkOption {
      type = arguments;
      default = config.arguments;
      defaultText = "`arguments`";
      description = "A function of addresses: what follows the entry point of its image.";
    };

    environment = mkOption {
      # Unlike that of a process it has no paths: a pod can't read the store.
      type = types.functionTo (
        types.attrsOf (
          types.oneOf [
            types.str
            types.int
          ]
        )
      );
      default = config.environment;
      defaultText = "`environment`";
      description = "A function of addresses: its environment, in addition to that of the image.";
    };

    before = mkOption {
      type = types.attrsOf arguments;
      default = { };
      description = "Arguments with which its image has to run and succeed before it starts, by name.";
    };

    live = mkOption {
      type = types.nullOr (types.strMatching "/.*");
      default = null;
      description = ''
        The path that answers 200 at the port of `ready` unless only a restart helps; null: it is live as long as that
        port accepts connections.
      '';
    };

    terminationSeconds = mkOption {
      type = types.ints.positive;
      default = 30;
      description = "The seconds that it has to end by itself before it is killed.";
    };

    cpu = mkOption {
      type = types.ints.positive;
      description = "The thousandths of a core that are reserved for each pod. There is no limit.";
    };

    memory = {
      request = mkOption {
        type = types.ints.positive;
        description = "The memory in MiB that is reserved for each pod.";
      };
      limit = mkOption {
        type = types.ints.positive;
        description = "The memory in MiB beyond which a pod is killed.";
      };
    };

    scratch = mkOption {
      type = types.ints.positive;
      default = 64;
      description = ''
        The size in MiB of /tmp, and of /data unless it keeps `state`: folders on the node's disk that end with the pod.
      '';
    };

    storage = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "The size in GiB of its volume, if it keeps `state`.";
    };
  };
}
