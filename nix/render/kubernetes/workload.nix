# The objects of a component that runs all the time, by file: the workload, its Services, and a PodDisruptionBudget if it has several pods.
{
  lib,
  addresses,
  labels,
  # the template of its pods, from what is added to it
  pod,
  name,
  component,
  # of its volume; null: the cluster's default
  storageClass,
  # the names of the ports that others may reach
  ports,
}:
let
  inherit (component) cluster ready state;
  # at least
  replicas = if cluster.autoscaling == null then cluster.replicas else scale.minimum;
  scale = lib.head (lib.attrValues cluster.autoscaling);
  metadata = {
    inherit name;
    labels = labels name;
  };
  selector.matchLabels = labels name;
  stateful = cluster.workload == "StatefulSet";
  members = cluster.memberPorts != [ ];
  autoscaler = import ./autoscaler.nix {
    inherit addresses metadata cluster;
  };

  # `path` answers 200, or without a path the port accepts connections.
  probe =
    path:
    let
      port = component.ports.${ready.port};
    in
    if path == null then { tcpSocket = { inherit port; }; } else { httpGet = { inherit path port; }; };

  template = pod {
    persistent = state;
    more = {
      ports = map (port: {
        name = port;
        containerPort = component.ports.${port};
      }) ports;
      # Reading its state at the start may take minutes.
      startupProbe = probe cluster.live // {
        periodSeconds = 2;
        # A member of a cluster first recovers its log and copies what it missed.
        failureThreshold = if members then 1800 else 150;
        timeoutSeconds = 2;
      };
      livenessProbe = probe cluster.live // {
        periodSeconds = 10;
        timeoutSeconds = 5;
      };
      readinessProbe = probe ready.path // {
        periodSeconds = 5;
        timeoutSeconds = 2;
      };
    };
    spec =
      # 30 is Kubernetes' own default.
      lib.optionalAttrs (cluster.terminationSeconds != 30) {
        terminationGracePeriodSeconds = cluster.terminationSeconds;
      }
      // lib.optionalAttrs (cluster.workload == "DaemonSet") {
        # Nodes that others avoid are observed too.
        tolerations = [ { operator = "Exists"; } ];
      }
      // lib.optionalAttrs members {
        # Two members on one node would end together.
        affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution = [
          {
            topologyKey = "kubernetes.io/hostname";
            labelSelector = selector;
          }
        ];
      }
      // lib.optionalAttrs (replicas > 1 && !members) {
        topologySpreadConstraints = [
          {
            maxSkew = 1;
            topologyKey = "kubernetes.io/hostname";
            whenUnsatisfiable = "ScheduleAnyway";
            labelSelector = selector;
          }
        ];
      };
  };

  workload = {
    apiVersion = "apps/v1";
    kind = cluster.workload;
    inherit metadata;
    spec = {
      inherit selector template;
    }
    # An autoscaler's number must not be set back by each `apply`.
    // lib.optionalAttrs (cluster.autoscaling == null && cluster.workload != "DaemonSet") {
      inherit replicas;
    }
    // (
      if cluster.workload == "DaemonSet" then
        {
          updateStrategy = {
            type = "RollingUpdate";
            rollingUpdate.maxUnavailable = 1;
          };
        }
      else if stateful then
        {
          serviceName = name;
          # By default Kubernetes waits for a pod that never becomes ready, and doesn't replace it once its template is
          # corrected.
          podManagementPolicy = "Parallel";
        }
        # Before the next member ends, this one has to catch up with the others.
        // lib.optionalAttrs members { minReadySeconds = 30; }
        // lib.optionalAttrs state {
          volumeClaimTemplates = [
            {
              metadata.name = "data";
              spec = {
                accessModes = [ "ReadWriteOnce" ];
                resources.requests.storage = "${toString cluster.storage}Gi";
              }
              // lib.optionalAttrs (storageClass != null) { storageClassName = storageClass; };
            }
          ];
        }
      else
        {
          # A new pod is ready before an old one ends.
          strategy = {
            type = "RollingUpdate";
            rollingUpdate = {
              maxSurge = 1;
              maxUnavailable = 0;
            };
          };
        }
    );
  };

  # A Service per name by which others reach ports of it.
  hosts = lib.groupBy (import ../../component/host.nix name component) ports;
  service = host: ports: {
    apiVersion = "v1";
    kind = "Service";
    metadata = metadata // {
      name = host;
    };
    spec = {
      selector = labels name;
      ports = map (port: {
        name = port;
        port = component.ports.${port};
        targetPort = port;
      }) ports;
    }
    # What isn't ready is scraped all the same, since its metrics say why; and Kafka connects to itself by this name.
    // lib.optionalAttrs (state || ports == [ component.metrics ]) { publishNotReadyAddresses = true; }
    // lib.optionalAttrs stateful { clusterIP = "None"; };
  };

  # A node can be drained, one pod at a time.
  budget = {
    apiVersion = "policy/v1";
    kind = "PodDisruptionBudget";
    inherit metadata;
    spec = {
      inherit selector;
      maxUnavailable = 1;
      unhealthyPodEvictionPolicy = "AlwaysAllow";
    };
  };
in
{
  ${lib.toLower workload.kind} = workload;
}
// lib.mapAttrs' (
  host: ports: lib.nameValuePair "service${lib.removePrefix name host}" (service host ports)
) hosts
// lib.optionalAttrs (replicas > 1) { poddisruptionbudget = budget; }
// autoscaler
// cluster.objects
