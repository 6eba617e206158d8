# Invalid profiles are refused, and the rendered objects follow from the components.
{
  lib,
  nixpkgs,
  # the components without a profile
  componentSet,
  # all profiles, with definitions added by profile, and by component in each of them
  profilesWith,
  # their folders
  renderAll,
}:
let
  profiles =
    definition:
    profilesWith {
      added.other = {
        namespace = "other";
      }
      // definition;
    };
  works =
    definition: (builtins.tryEval (builtins.deepSeq (rendered definition).objects true)).success;
  rendered = definition: (renderAll (profiles definition)).other;

  invalid = {
    "an unknown option".replicas = 2;
    "a namespace in capitals".namespace = "Other";
    "a component that is not in a list".without = "grafana";
    "an unknown option of a component".components.loki.replica = 2;
    "a number of pods that is text".components.console.replicas = "2";
    "a CPU autoscaler and one by lag together".components.console.autoscaling = {
      hpa.maximum = 2;
      keda = {
        maximum = 2;
        lag = 1;
      };
    };
    "two kinds of Kafka".kafka = {
      single = { };
      cluster = { };
    };
    "two nodes of Kafka, of which none may fail".kafka.cluster.nodes = 2;
    "a schedule at an hour that a day doesn't have".backup.schedule = "0 24 * * *";
    "no snapshots to keep".backup.keep = 0;
    "a broker without a port".kafka.external.brokers = [ "kafka.example.org" ];
    "an edge without its namespace".edge.gateway = {
      class = "a";
      issuer = "b";
      hosts.console = "c";
    };
  };
  sentences = {
    "added.nix: kafka.cluster.producers.topics: the name is taken, or has other characters than a-z, 0-9 and hyphens".kafka.cluster.producers.topics =
      "shop";
    "added.nix: there is no component nobody".without = [ "nobody" ];
    "nix/components/otel-collector.nix: talksTo.loki: loki is left out by added.nix: without".without =
      [
        "grafana"
        "loki"
      ];
    "added.nix: there is no component somebody".components.somebody.replicas = 2;
    "added.nix: it changes influxdb, which it leaves out" = {
      without = [ "influxdb" ];
      components.influxdb.storage = 2;
    };
    "added.nix: components.loki.cluster.memory.request: it requests 600 MiB, more than its limit of 512 MiB".components.loki.memory.request =
      600;
    "added.nix: components.loki.cluster.autoscaling: it is a StatefulSet, so nothing can scale it".components.loki.autoscaling.hpa.maximum =
      2;
    "added.nix: components.console.cluster.autoscaling: it scales from 3 to 2 pods: the minimum must not exceed the maximum".components.console.autoscaling.hpa =
      {
        minimum = 3;
        maximum = 2;
      };
    "added.nix: backup: no component of it has cluster.backup, so there is nothing to back up" = {
      backup = { };
      without = [ "influxdb" ];
      monitoring.operator = {
        prometheus = "prometheus.monitoring:9090";
        namespace = "monitoring";
      };
    };
    "added.nix: the edge serves loki, which has no page".edge.ingress = {
      class = "nginx";
      issuer = "issuer";
      namespace = "ingress";
      hosts.loki = "loki.example.org";
    };
  };

  # Objects by kind and name.
  byKind =
    folder:
    lib.mapAttrs (
      _: objects: lib.listToAttrs (map (object: lib.nameValuePair object.metadata.name object) objects)
    ) (lib.groupBy (object: object.kind) folder.objects);
  # Those of the profile `dev`.
  objectsOf =
    changes:
    byKind
      (renderAll (profilesWith {
        inherit changes;
      })).dev;
  objects = objectsOf { };
  twice = objectsOf { console.cluster.replicas = 2; };
  alone = objectsOf {
    pushgateway = {
      metrics = lib.mkForce null;
      entrances = lib.mkForce [ ];
    };
  };

  # Those of profiles with these definitions.
  secured = byKind (rendered {
    kafka.cluster.producers.shop-service = "shop";
  });
  outside = byKind (rendered {
    kafka.external = {
      brokers = [ "kafka.example.org:9093" ];
      networks = [ "192.0.2.0/24" ];
    };
    monitoring.operator = {
      prometheus = "prometheus.monitoring:9090";
      namespace = "monitoring";
    };
    edge.gateway = {
      class = "class";
      issuer = "issuer";
      namespace = "gateways";
      hosts.console = "tidewatch.example.org";
    };
  });
  plain = byKind (rendered { });
  kept = byKind (rendered {
    thanos = {
      objectStore = "bucket";
      port = 9000;
      networks = [ "192.0.2.0/24" ];
    };
    components.thanos-query.replicas = 2;
  });
  scaled = byKind (rendered {
    without = [
      "mock-slack"
      "workload-simulator"
    ];
    storageClass = "fast";
    components.stream-processor.autoscaling.keda = {
      maximum = 6;
      lag = 1000;
    };
    components.loki.storage = 7;
  });
  backedUp = byKind (rendered {
    backup.schedule = "*/30 1-5,12 * 1 0";
    components.loki.backup = true;
  });
  variablesOf =
    workload:
    lib.listToAttrs (
      map (
        variable: lib.nameValuePair variable.name variable
      ) (lib.head workload.spec.template.spec.containers).env
    );
  namespacesOf =
    policy:
    lib.concatMap (
      rule:
      lib.concatMap (
        peer:
        lib.optional (
          peer ? namespaceSelector
        ) peer.namespaceSelector.matchLabels."kubernetes.io/metadata.name"
      ) rule.from
    ) policy.spec.ingress;

  peers =
    end: name: direction:
    lib.concatMap (
      rule:
      map (peer: peer.podSelector.matchLabels."app.kubernetes.io/name") (
        lib.filter (peer: peer ? podSelector) rule.${end}
      )
    ) objects.NetworkPolicy.${name}.spec.${direction} or [ ];

  mebibytes = quantity: lib.toInt (lib.removeSuffix "Mi" quantity);

  count = kind: lib.length (lib.attrNames objects.${kind});

  # When Argo CD applies an object.
  waveOf = object: lib.toInt (object.metadata.annotations."argocd.argoproj.io/sync-wave" or "0");

  facts = {
    "Argo CD applies the namespace, Kafka, its topics, and then all others" =
      map waveOf [
        objects.Namespace.tidewatch
        objects.StatefulSet.kafka
        (lib.head (lib.attrValues objects.Job))
        objects.Deployment.console
      ] == [
        (-3)
        (-2)
        (-1)
        0
      ];
    "one pod needs no PodDisruptionBudget" = !(objects ? PodDisruptionBudget);
    "two pods have a PodDisruptionBudget" = twice ? PodDisruptionBudget.console;
    "two pods are spread over the nodes" =
      twice.Deployment.console.spec.template.spec ? topologySpreadConstraints;
    "the quota has room for the pods, also on three nodes, for one more per Deployment during a rollout, and for two others" =
      lib.toInt objects.ResourceQuota.tidewatch.spec.hard.pods
      == 2 * count "Deployment" + count "StatefulSet" + 3 * count "DaemonSet" + count "Job" + 2;
    "the disk that a pod may fill is its log and the folders that no claim provides, and the quota has room for it" =
      let
        diskOf = object: (lib.head object.spec.template.spec.containers).resources.limits.ephemeral-storage;
        quota = objects.ResourceQuota.tidewatch.spec.hard;
      in
      map diskOf [
        objects.StatefulSet.kafka
        objects.StatefulSet.workload-simulator
        (lib.head (lib.attrValues objects.Job))
        (objectsOf { pushgateway.cluster.scratch = 100; }).Deployment.pushgateway
      ] == [
        "128Mi"
        "192Mi"
        "192Mi"
        "264Mi"
      ]
      &&
        quota."limits.ephemeral-storage"
        == "${toString (192 * lib.toInt quota.pods - 64 * lib.toInt quota.persistentvolumeclaims)}Mi";
    "only pods with access have a token" =
      lib.attrNames (
        lib.filterAttrs (_: object: object.spec.template.spec.automountServiceAccountToken) (
          objects.Deployment // objects.StatefulSet // objects.DaemonSet // objects.Job
        )
      ) == [
        "kube-state-metrics"
        "prometheus"
      ];
    "only pods with access reach other addresses than those of pods" =
      lib.attrNames (
        lib.filterAttrs (
          _: object: lib.any (rule: lib.any (peer: peer ? ipBlock) rule.to) object.spec.egress or [ ]
        ) objects.NetworkPolicy
      ) == [
        "kube-state-metrics"
        "prometheus"
      ];
    "every pod of a Deployment is a target, and the pod of a StatefulSet is one by its name" =
      let
        jobs = lib.mapAttrs (_: lib.head) (
          lib.groupBy (job: job.job_name)
            (componentSet.components.prometheus.files."prometheus.yaml" (
              componentSet.addresses.inNamespace "tidewatch"
            )).document.scrape_configs
        );
      in
      jobs.stream-processor ? kubernetes_sd_configs && jobs.metrics-bridge ? static_configs;
    "what needs a cluster doesn't run without one" = !(componentSet.withoutCluster ? node-exporter);
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
    "a profile changes a component's options" =
      (lib.head scaled.StatefulSet.loki.spec.volumeClaimTemplates).spec.resources.requests.storage
      == "7Gi";
    "a profile sets the storage class of every volume" = lib.all (
      set: lib.all (claim: claim.spec.storageClassName == "fast") (set.spec.volumeClaimTemplates or [ ])
    ) (lib.attrValues scaled.StatefulSet);
    "a component does without an optional one that a profile leaves out" =
      lib.filter (lib.hasPrefix "--simulator") (lib.head scaled.Deployment.console.spec.template.spec.containers)
      .args == [ ];
    "without mock-slack, Alertmanager reaches people's receivers" = lib.any (
      rule: lib.any (peer: peer ? ipBlock) rule.to
    ) scaled.NetworkPolicy.alertmanager.spec.egress;
    "an autoscaler decides on the number of pods" =
      scaled ? ScaledObject.stream-processor && !(scaled.Deployment.stream-processor.spec ? replicas);
    "KEDA asks Prometheus by a name that its namespace resolves" =
      (lib.head scaled.ScaledObject.stream-processor.spec.triggers).metadata.serverAddress
      == "http://prometheus.other.svc:9090";
    "KEDA reaches Prometheus" = namespacesOf scaled.NetworkPolicy.prometheus == [ "keda" ];
    "the quota has room for an autoscaler's largest number of pods" =
      lib.toInt scaled.ResourceQuota.tidewatch.spec.hard.pods
      == lib.length (lib.attrNames scaled.Deployment) * 2
      + 5
      + lib.length (lib.attrNames scaled.StatefulSet)
      + 3 * lib.length (lib.attrNames scaled.DaemonSet)
      + 1
      + 2;
    "snapshots are taken of the volumes of components with `backup`" =
      lib.drop 4 (lib.head backedUp.CronJob.backup.spec.jobTemplate.spec.template.spec.containers).args
      == [
        "data-influxdb-0"
        "data-loki-0"
        "data-prometheus-0"
      ];
    "what takes snapshots has a token, may do nothing else, and reaches the API server" =
      backedUp.CronJob.backup.spec.jobTemplate.spec.template.spec.automountServiceAccountToken
      &&
        map (rule: rule.verbs) backedUp.Role.backup.rules == [
          [ "list" ]
          [
            "create"
            "delete"
            "list"
          ]
        ]
      && !(backedUp ? ClusterRole.other-backup)
      && !(backedUp.NetworkPolicy.backup.spec ? ingress)
      &&
        map (rule: map (port: port.port) rule.ports) backedUp.NetworkPolicy.backup.spec.egress == [
          [
            443
            6443
          ]
        ];
    "the quota has room for one run of a CronJob" =
      lib.toInt backedUp.ResourceQuota.tidewatch.spec.hard.pods
      == lib.toInt plain.ResourceQuota.tidewatch.spec.hard.pods + 1;
    "a node of Kafka's cluster ends only if two others run" =
      secured.PodDisruptionBudget.kafka.spec.maxUnavailable == 1
      && secured.StatefulSet.kafka.spec.replicas == 3;
    "each service logs in to Kafka as itself" =
      (variablesOf secured.Deployment.alert-relay).KAFKA_PASSWORD.valueFrom.secretKeyRef.name
      == "kafka-alert-relay";
    "the password comes before the variable that contains it" =
      lib.hasInfix "$(KAFKA_PASSWORD)" (lib.last (lib.head secured.Deployment.alert-relay.spec.template.spec.containers)
      .env).value;
    "a pod gets only the authority's certificate of Kafka's Secret" = lib.all (
      volume:
      (volume.secret.secretName or "") != "kafka-tls"
      || map (item: item.key) volume.secret.items == [ "ca.crt" ]
    ) secured.Deployment.alert-relay.spec.template.spec.volumes;
    "a producer reaches Kafka from its namespace" =
      namespacesOf secured.NetworkPolicy.kafka == [ "shop" ];
    "no Secret is rendered" = !(secured ? Secret) && !(outside ? Secret);
    "a Kafka outside of the profile has no objects" =
      !(outside ? StatefulSet.kafka) && outside ? Job && !(outside ? Certificate);
    "its brokers are reached in their networks, and at their ports" = lib.any (
      rule:
      rule.to == [ { ipBlock.cidr = "192.0.2.0/24"; } ] && map (port: port.port) rule.ports == [ 9093 ]
    ) outside.NetworkPolicy.console.spec.egress;
    "an operator gets a ServiceMonitor per component with metrics, and no Prometheus runs" =
      outside ? ServiceMonitor.stream-processor && !(outside ? StatefulSet.prometheus);
    "an operator's Prometheus reaches what it scrapes, and Alertmanager" =
      namespacesOf outside.NetworkPolicy.stream-processor == [ "monitoring" ]
      && lib.elem "monitoring" (namespacesOf outside.NetworkPolicy.alertmanager);
    "the edge reaches the page that it serves" = lib.elem "gateways" (
      namespacesOf outside.NetworkPolicy.console
    );
    "a sidecar is a second container, with the volume and the disk limit of the first one" =
      let
        containers = kept.StatefulSet.prometheus.spec.template.spec.containers;
        data = container: lib.filter (mount: mount.name == "data") container.volumeMounts;
        diskOf = container: container.resources.limits.ephemeral-storage;
      in
      map (container: container.name) containers == [
        "prometheus"
        "thanos-sidecar"
      ]
      && data (lib.head containers) == data (lib.last containers)
      && diskOf (lib.head containers) == diskOf (lib.last containers)
      && (lib.head containers).securityContext == (lib.last containers).securityContext;
    "a sidecar has no objects but those by which it is reached" =
      lib.filter (kind: kept.${kind} ? thanos-sidecar) (lib.attrNames kept) == [
        "NetworkPolicy"
        "Service"
      ];
    "a sidecar is reached in the pod that it runs in" =
      kept.Service.thanos-sidecar.spec.selector."app.kubernetes.io/name" == "prometheus"
      &&
        kept.NetworkPolicy.thanos-sidecar.spec.podSelector.matchLabels."app.kubernetes.io/name"
        == "prometheus";
    "only Thanos's query reaches the sidecar's gRPC port" =
      lib.concatMap (rule: map (peer: peer.podSelector.matchLabels."app.kubernetes.io/name") rule.from) (
        lib.filter (
          rule: lib.any ({ port, ... }: port == 10901) rule.ports
        ) kept.NetworkPolicy.thanos-sidecar.spec.ingress
      ) == [ "thanos-query" ];
    "the object storage is reached in its networks, and at its port" =
      kept.NetworkPolicy.thanos-store.spec.egress == [
        {
          to = [ { ipBlock.cidr = "192.0.2.0/24"; } ];
          ports = [
            {
              port = 9000;
              protocol = "TCP";
            }
          ];
        }
      ];
    "the quota has room for a sidecar's memory and disk, but for no pod of it" =
      let
        before = plain.ResourceQuota.tidewatch.spec.hard;
        after = kept.ResourceQuota.tidewatch.spec.hard;
        more = resource: mebibytes after.${resource} - mebibytes before.${resource};
      in
      lib.toInt after.pods == lib.toInt before.pods + 2 + 3
      && more "limits.memory" == 3 * 512 + 2 * 1024 + 256
      && more "limits.ephemeral-storage" == 3 * 192 + 2 * 128 + 128;
    "without Thanos, Prometheus merges its blocks, and its measurements have no further label" =
      !(lib.any (lib.hasPrefix "--storage.tsdb.min-block-duration") (lib.head objects.StatefulSet.prometheus.spec.template.spec.containers)
      .args);
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
