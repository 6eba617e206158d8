# Invalid profiles are refused, and the rendered objects follow from the components.
{
  lib,
  nixpkgs,
  componentSet,
  # components.nix and addresses, with definitions added by component
  evaluate,
  # the folders of all profiles, from such a set
  renderAll,
}:
let
  profiles =
    definition:
    import ../profiles.nix {
      inherit lib;
      inherit (componentSet) components;
      added.other = {
        namespace = "other";
      }
      // definition;
    };
  works = definition: (builtins.tryEval (profiles definition).profiles.other.namespace).success;

  invalid = {
    "an unknown option".replicas = 2;
    "a namespace in capitals".namespace = "Other";
    "a component that is not in a list".without = "grafana";
  };
  sentences = {
    "nix/profiles/other.nix: there is no component nobody".without = [ "nobody" ];
    "nix/profiles/other.nix: it leaves out loki, to which otel-collector talks".without = [
      "grafana"
      "loki"
    ];
  };

  # The objects of the profile `dev`, by kind and name.
  objectsOf =
    added:
    lib.mapAttrs (
      _: objects: lib.listToAttrs (map (object: lib.nameValuePair object.metadata.name object) objects)
    ) (lib.groupBy (object: object.kind) (renderAll (evaluate added)).dev.objects);
  objects = objectsOf { };
  twice = objectsOf { console.cluster.replicas = 2; };
  alone = objectsOf {
    pushgateway = {
      metrics = lib.mkForce null;
      entrances = lib.mkForce [ ];
    };
  };

  peers =
    end: name: direction:
    lib.concatMap (
      rule: map (peer: peer.podSelector.matchLabels."app.kubernetes.io/name") rule.${end}
    ) objects.NetworkPolicy.${name}.spec.${direction} or [ ];

  count = kind: lib.length (lib.attrNames objects.${kind});

  facts = {
    "one pod needs no PodDisruptionBudget" = !(objects ? PodDisruptionBudget);
    "two pods have a PodDisruptionBudget" = twice ? PodDisruptionBudget.console;
    "two pods are spread over the nodes" =
      twice.Deployment.console.spec.template.spec ? topologySpreadConstraints;
    "the quota has room for the pods, for one more per Deployment during a rollout, and for two others" =
      lib.toInt objects.ResourceQuota.tidewatch.spec.hard.pods
      == 2 * count "Deployment" + count "StatefulSet" + count "Job" + 2;
    "a page is not served by a pod that isn't ready" =
      !(objects.Service.console.spec ? publishNotReadyAddresses);
    "the metrics of a pod that isn't ready are served" =
      objects.Service.console-admin.spec.publishNotReadyAddresses;
    "a component that nobody talks to has no Service" = !(alone ? Service.pushgateway);
    "a Job with another template has another name" =
      lib.attrNames (objectsOf { kafka.ports.broker = lib.mkForce 9192; }).Job
      != lib.attrNames objects.Job;
    "Kafka keeps its data" = objects.StatefulSet.kafka.spec ? volumeClaimTemplates;
    "a profile may leave out a component that no other talks to" = works { without = [ "grafana" ]; };
    "a component that a profile leaves out has no objects" = !(objects ? Service.influxdb);
    "a component reaches exactly those that it talks to" =
      peers "to" "otel-collector" "egress" == [
        "loki"
        "tempo"
      ];
    "a component is reached by exactly those that talk to it" =
      peers "from" "alertmanager" "ingress" == [
        "alert-relay"
        "grafana"
        "prometheus"
      ];
    "a component that talks to none reaches none" = peers "to" "tempo" "egress" == [ ];
    "a task reaches its component" = peers "to" "topics" "egress" == [ "kafka" ];
    "the controller of Kafka is not reachable" =
      map (port: port.name) objects.Service.kafka.spec.ports == [ "broker" ];
  };

  yaml = import ../render/yaml.nix { inherit lib; };
  texts = {
    "key: \"yes\"\n".key = "yes";
    "key: \"0.1\"\n".key = "0.1";
    "key: \"a: b\"\n".key = "a: b";
    "key: text\n".key = "text";
    "key: []\n".key = [ ];
    "key:\n  - a: 1\n    b:\n      - true\n".key = [
      {
        a = 1;
        b = [ true ];
      }
    ];
  };

  failures =
    lib.concatLists (
      lib.mapAttrsToList (
        name: definition: lib.optional (works definition) "${name} is invalid, but was accepted"
      ) invalid
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (
        sentence: definition:
        let
          inherit (profiles definition) problems;
        in
        lib.optional (
          problems != [ sentence ]
        ) "expected '${sentence}', got '${lib.concatStringsSep "; " problems}'"
      ) sentences
    )
    ++ map (fact: "not true: ${fact}") (lib.attrNames (lib.filterAttrs (_: holds: !holds) facts))
    ++ lib.concatLists (
      lib.mapAttrsToList (
        text: value: lib.optional (yaml value != text) "expected '${text}', got '${yaml value}'"
      ) texts
    );
in
nixpkgs.runCommandLocal "check-profiles" { failures = lib.concatLines failures; } ''
  [ -z "$failures" ] || { printf '%s' "$failures" >&2; exit 1; }
  touch $out
''
