# The options of a component: one of our services, or a server that runs beside them. A file in nix/components sets
# them; nix/render turns them into processes, images and Kubernetes objects.
#
# A function of addresses gets, by component and port (as in `url.grafana.http`): `port` (a number), `at` (HOST:PORT),
# `url`, `link` (the URL for people), and `listen` (HOST:PORT to listen on); by component and file (as in
# `file.grafana.dashboards`): `file`, its path; also `host`, the host to listen on, `instance`, a name that only this
# process has and keeps, or null, and `namespace`, that of the cluster, or null if it runs in none.
{
  lib,
  name,
  config,
  ...
}:
let
  inherit (lib) mkOption types;
  strings = types.listOf types.str;
  ofAddresses = types.functionTo;

  connection = types.submodule {
    options = {
      name = mkOption {
        type = types.str;
        description = "The component to connect to.";
      };
      port = mkOption {
        type = types.str;
        description = "The name of its port.";
      };
      flag = mkOption {
        type = types.strMatching "[a-z][a-z-]*";
        description = "The flag that takes the address, without dashes; in upper case, the environment variable.";
      };
    };
  };

  task = types.submodule (
    { config, ... }: {
      options = {
        package = mkOption {
          type = types.package;
          description = "The package whose main program runs; its image has that program's name.";
        };
        arguments = mkOption {
          type = ofAddresses strings;
          description = "A function of addresses: the arguments.";
        };
        cluster = import ./secrets.nix { inherit lib; } // {
          image = mkOption {
            type = types.nonEmptyStr;
            default = config.package.meta.mainProgram;
            defaultText = "the package's main program";
            description = "The name of its image.";
          };
          environment = mkOption {
            type = types.attrsOf types.str;
            default = { };
            description = "Its environment in a cluster.";
          };
        };
      };
    }
  );

  document = types.attrsOf types.anything;
  contents = types.attrTag {
    text = mkOption {
      type = types.str;
      description = "A file with this text.";
    };
    document = mkOption {
      type = document;
      description = "A YAML file with these contents.";
    };
    documents = mkOption {
      type = types.attrsOf document;
      description = "A folder of such files, by path.";
    };
    source = mkOption {
      type = types.path;
      description = "A folder of the repository.";
    };
    paths = mkOption {
      type = types.attrsOf types.path;
      description = "A folder of these files, by name.";
    };
  };
in
{
  options = {
    kind = mkOption {
      type = types.enum [
        "service"
        "server"
      ];
      default = "server";
      description = "`service`: built from this repository. `server`: a program from nixpkgs.";
    };

    description = mkOption {
      type = types.nonEmptyStr;
      description = "One line about the program, without a full stop; its image's label.";
    };

    license = mkOption {
      type = types.nonEmptyStr;
      description = "SPDX identifier of the licence.";
    };

    package = mkOption {
      type = types.nullOr types.package;
      default = null;
      description = ''
        The package that contains the program; null: it runs in clusters only, from the image `image.reference`.
      '';
    };

    version = mkOption {
      type = types.nonEmptyStr;
      default = config.package.version or "unknown";
      defaultText = "the package's version";
      description = "The version, which is a label of its image.";
    };

    program = mkOption {
      type = types.strMatching "[^/ ]+";
      default = name;
      defaultText = "the component's name";
      description = "The file in the package's bin folder.";
    };

    command = mkOption {
      type = strings;
      default = [ ];
      description = "Arguments that it always needs, before `arguments`.";
    };

    arguments = mkOption {
      type = ofAddresses strings;
      default = _: [ ];
      defaultText = "none";
      description = "A function of addresses: the arguments of a process that runs in its own folder.";
    };

    environment = mkOption {
      type = ofAddresses (
        types.attrsOf (
          types.oneOf [
            types.str
            types.int
            types.path
          ]
        )
      );
      default = _: { };
      defaultText = "none";
      description = "A function of addresses: the environment of such a process.";
    };

    files = mkOption {
      type = types.attrsOf (ofAddresses contents);
      default = { };
      description = "Files and folders that it reads, by name, each as a function of addresses.";
    };

    paths = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Environment variables that `.#local` sets to the absolute path of a folder in the process's own folder.";
    };

    ports = mkOption {
      type = types.attrsOf types.port;
      default = { };
      description = "The ports that it listens on, by name.";
    };

    ready = {
      port = mkOption {
        type = types.str;
        description = "The name of the port that shows whether it is ready.";
      };
      path = mkOption {
        type = types.nullOr (types.strMatching "/.*");
        default = null;
        description = "The path that answers 200 once it is ready; null: it is ready once the port accepts connections.";
      };
    };

    metrics = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "The name of the port where Prometheus scrapes /metrics; null: it isn't scraped.";
    };

    scraping = mkOption {
      type = types.attrsOf types.anything;
      default = { };
      description = "Additional settings of its scrape job in Prometheus.";
    };

    entrances = mkOption {
      type = strings;
      default = [ ];
      description = "The names of the ports that people and their programs use. `.#local` prints their addresses.";
    };

    state = mkOption {
      type = types.bool;
      default = false;
      description = "Whether it keeps files that must outlive a container. Its image then has a folder /data.";
    };

    connections = mkOption {
      type = types.listOf connection;
      default = [ ];
      description = "The components whose addresses it gets as flags.";
    };

    talksTo = mkOption {
      type = types.attrsOf strings;
      default = { };
      description = ''
        The components that it sends requests to, each with the names of the ports. They start before it, and end after
        it. In a cluster it reaches only these, and what `cluster.outside` names.
      '';
    };

    optional = mkOption {
      type = strings;
      default = [ ];
      description = "The components of `connections` and `talksTo` that it can do without, if a profile leaves them out.";
    };

    consumes = mkOption {
      type = strings;
      default = [ ];
      description = ''
        The topics whose partitions its pods share, as members of one consumer group. It can't have more pods than one of
        them has partitions.
      '';
    };

    startsAfter = mkOption {
      type = strings;
      default = [ ];
      description = "Components that also start before it and end after it, although it doesn't talk to them.";
    };

    tasksBefore = mkOption {
      type = types.attrsOf (ofAddresses strings);
      default = { };
      description = "Commands that have to succeed before it starts, by name. They run in its folder and environment.";
    };

    tasksAfter = mkOption {
      type = types.attrsOf task;
      default = { };
      description = "Programs that have to succeed before those that talk to it start, by name.";
    };

    validation = mkOption {
      type = ofAddresses strings;
      default = _: [ ];
      defaultText = "none";
      description = "A function of addresses: a command that fails if its configuration is invalid, for the check `local`.";
    };

    resources.memory = mkOption {
      type = types.nullOr types.ints.positive;
      default = null;
      description = "Its own memory limit in MiB (Java's heap, the collector's memory limiter); null: it has none.";
    };

    image = {
      reference = mkOption {
        type = types.nullOr types.nonEmptyStr;
        default = null;
        description = "The image that a cluster pulls, as in `registry.example/name@sha256:...`; null: ours is built.";
      };
      package = mkOption {
        type = types.nullOr types.package;
        default = config.package;
        defaultText = "`package`";
        description = "The package in the image.";
      };
      program = mkOption {
        type = types.strMatching "[^/ ]+";
        default = config.program;
        defaultText = "`program`";
        description = "The file in that package's bin folder.";
      };
      command = mkOption {
        type = strings;
        default = config.command;
        defaultText = "`command`";
        description = "Arguments in the image's entry point.";
      };
      environment = mkOption {
        type = types.attrsOf types.str;
        default = { };
        description = "Environment of the image.";
      };
      ports = mkOption {
        type = strings;
        default = lib.attrNames config.ports;
        defaultText = "all of `ports`";
        description = "The names of the ports that the image exposes.";
      };
      also = mkOption {
        type = types.listOf types.package;
        default = [ ];
        description = "Packages that `command` refers to, for the bill of materials.";
      };
      certificates = mkOption {
        type = types.bool;
        default = false;
        description = "Whether the image contains the certificates of public authorities.";
      };
    };
  };
}
