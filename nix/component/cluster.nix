# The options of a component that only a cluster needs.
{
  lib,
  config,
  options,
  ...
}:
let
  inherit (lib) mkOption types;
  arguments = options.arguments.type;
in
{
  options.cluster = {
    workload = mkOption {
      type = types.enum [
        "Deployment"
        "StatefulSet"
      ];
      default = if config.state then "StatefulSet" else "Deployment";
      defaultText = "StatefulSet if it keeps `state`";
      description = "The kind of object that runs it.";
    };

    replicas = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "The number of its pods; a StatefulSet has one.";
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

    storage = mkOption {
      type = types.ints.positive;
      default = 1;
      description = "The size in GiB of its volume, if it keeps `state`.";
    };
  };
}
