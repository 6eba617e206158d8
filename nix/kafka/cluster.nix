# The component kafka with several nodes, each a broker and a controller. Clients use TLS and SASL/SCRAM with a password
# each, and may do what nix/kafka/access.nix says. The nodes, and the task `kafka-access`, use certificates instead, so
# they need no password. Secrets are read when a node starts, through Kafka's own configuration providers.
{
  namespace,
  nodes,
  certificate,
  # users that write events, each with its namespace
  producers,
  access,
}:
{ lib, config, ... }:
let
  shared = lib.importTOML ../../platform/kafka.toml;
  authority = "kafka-tls";
  folder = "/etc/${authority}";
  file = key: "\${dir:${folder}:${key}}";
  members = lib.genList (node: "kafka-${toString node}.kafka") nodes;
  # Pods of other namespaces can resolve this name, too.
  inCluster = host: "${host}.${namespace}.svc";

  # TLS of nodes, and of the task that is their client
  tls = {
    "config.providers" = "dir,env";
    "config.providers.dir.class" = "org.apache.kafka.common.config.provider.DirectoryConfigProvider";
    "config.providers.dir.param.allowed.paths" = folder;
    "config.providers.env.class" = "org.apache.kafka.common.config.provider.EnvVarConfigProvider";
    "config.providers.env.param.allowlist.pattern" = "NODE_ID|POD_NAME";
    "ssl.keystore.type" = "PEM";
    "ssl.keystore.certificate.chain" = file "tls.crt";
    "ssl.keystore.key" = file "tls.key";
    "ssl.truststore.type" = "PEM";
    "ssl.truststore.certificates" = file "ca.crt";
  };

  properties =
    { listen, port, ... }:
    let
      on = ports: toString: lib.concatMapStringsSep "," toString ports;
      # listeners by name, with the component's ports
      listeners = {
        CLIENTS = "broker";
        NODES = "nodes";
        CONTROLLER = "controller";
      };
      ofNodes = {
        "ssl.client.auth" = "required";
      };
    in
    tls
    // {
      inherit (shared.properties)
        "process.roles"
        "controller.listener.names"
        "auto.create.topics.enable"
        "message.max.bytes"
        "log.roll.hours"
        ;
      "node.id" = "\${env:NODE_ID}";
      "listeners" = on (lib.attrNames listeners) (name: "${name}://${listen.kafka.${listeners.${name}}}");
      "advertised.listeners" =
        on
          [
            "CLIENTS"
            "NODES"
          ]
          (
            name: "${name}://${inCluster "\${env:POD_NAME}.kafka"}:${toString port.kafka.${listeners.${name}}}"
          );
      "listener.security.protocol.map" = "CLIENTS:SASL_SSL,NODES:SSL,CONTROLLER:SSL";
      "inter.broker.listener.name" = "NODES";
      "controller.quorum.voters" = lib.concatImapStringsSep "," (
        place: host: "${toString (place - 1)}@${inCluster host}:${toString port.kafka.controller}"
      ) members;
      "sasl.enabled.mechanisms" = "SCRAM-SHA-512";
      # Without a user: the nodes don't log in to this listener.
      "listener.name.clients.scram-sha-512.sasl.jaas.config" =
        "org.apache.kafka.common.security.scram.ScramLoginModule required;";
      "authorizer.class.name" = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";
      # the name in the nodes' certificate
      "super.users" = "User:kafka";
      "ssl.principal.mapping.rules" = "RULE:^CN=([^,]+).*$/$1/";
      "log.dirs" = "data";

      # One node may be missing at a time.
      "default.replication.factor" = 3;
      "min.insync.replicas" = 2;
      "offsets.topic.replication.factor" = 3;
      "transaction.state.log.replication.factor" = 3;
      "transaction.state.log.min.isr" = 2;
      "share.coordinator.state.topic.replication.factor" = 3;
      "share.coordinator.state.topic.min.isr" = 2;
    }
    // lib.concatMapAttrs (
      listener: lib.mapAttrs' (name: lib.nameValuePair "listener.name.${listener}.${name}")
    ) (lib.genAttrs [ "nodes" "controller" ] (_: ofNodes));

  keyValue = lib.generators.toKeyValue { };

  users = access // lib.mapAttrs (_: _: (import ./access.nix).workload-simulator) producers;
  names = lib.attrNames users ++ [ "topics" ];
  password = name: "PASSWORD_${lib.toUpper (lib.replaceStrings [ "-" ] [ "_" ] name)}";
  # Arguments that change a user or its rights, over the nodes' listener.
  tool =
    class: arguments:
    {
      at,
      file,
      ...
    }:
    [
      "-Xms16m"
      "-Xmx96m"
      "-XX:+UseSerialGC"
      "-XX:TieredStopAtLevel=1"
      class
      "--bootstrap-server=${at.kafka.nodes}"
      "--command-config=${file.kafka."admin.properties"}"
    ]
    ++ arguments;
  acls = tool "org.apache.kafka.tools.AclCommand";
  each = flag: map (value: "${flag}=${value}");
  rights = name: operation: resources: {
    "${name}-${lib.toLower operation}" = acls (
      [
        "--add"
        "--allow-principal=User:${name}"
        "--operation=${operation}"
      ]
      ++ resources
    );
  };
in
{
  ports.nodes = 9097;
  files = {
    "server.properties" = lib.mkForce (addresses: {
      text = keyValue (properties addresses);
    });
    "admin.properties" = _: { text = keyValue (tls // { "security.protocol" = "SSL"; }); };
  };

  cluster = {
    replicas = nodes;
    memberPorts = [
      "controller"
      "nodes"
    ];
    # It hands its partitions over first, which took up to 23 s on a busy machine (docs/production.md).
    terminationSeconds = 120;
    reachedFrom = lib.genAttrs (lib.attrValues producers) (_: [ "broker" ]);
    fields = {
      NODE_ID = "metadata.labels['apps.kubernetes.io/pod-index']";
      POD_NAME = "metadata.name";
    };
    mounts.kafka-tls = {
      secret = authority;
      automatic = certificate == "cert-manager";
      path = folder;
      keys = [
        "ca.crt"
        "tls.crt"
        "tls.key"
      ];
    };
    arguments = lib.mkForce (
      { file, ... }:
      [
        "-Xms1g"
        "-Xmx1g"
        "-XX:MaxDirectMemorySize=256m"
        "kafka.Kafka"
        file.kafka."server.properties"
      ]
    );

    tasks.kafka-access = {
      port = "nodes";
      memory = 256;
      variables = lib.listToAttrs (
        map (name: lib.nameValuePair (password name) { secret = "kafka-${name}"; }) names
      );
      inherit (config.cluster) mounts;
      before =
        lib.listToAttrs (
          map (
            name:
            lib.nameValuePair "${name}-password" (
              tool "kafka.admin.ConfigCommand" [
                "--alter"
                "--entity-type=users"
                "--entity-name=${name}"
                "--add-config=SCRAM-SHA-512=[password=$(${password name})]"
              ]
            )
          ) names
        )
        // lib.concatMapAttrs (
          name:
          {
            writes ? [ ],
            reads ? [ ],
            groups ? [ ],
          }:
          lib.optionalAttrs (writes != [ ]) (rights name "Write" (each "--topic" writes))
          // lib.optionalAttrs (reads != [ ]) (
            rights name "Read" (each "--topic" reads ++ each "--group" groups)
          )
        ) users
        // rights "topics" "Create" [ "--cluster" ]
        // rights "topics" "Describe" [ "--topic=*" ];
      # for its log
      arguments = acls [ "--list" ];
    };

    objects = lib.optionalAttrs (certificate == "cert-manager") (
      import ./certificates.nix {
        inherit lib namespace;
        hosts = [ "kafka" ] ++ members;
      }
    );
  };
}
