# What runs a component that runs all the time, by file: the workload, and a PodDisruptionBudget if it has several pods.
{
  lib,
  addresses,
  labels,
  # the template of a pod from the name of a component, the component, and what is added to it
  pod,
  name,
  component,
  # those in the same pod, by name
  besides,
  # of its volume; null: the cluster's default
  storageClass,
  # the names of the ports of a component that others may reach
  portsOf,
}:
let
  inherit (component) cluster state;
  # of the folders that all containers of the pod share
  inherit (cluster) scratch;
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

  # The template of a pod in which this component alone runs; others in the pod have their own.
  templateOf =
    name:
    { cluster, ready, ... }@component:
    let
      # `path` answers 200, or without a path the port accepts connections.
      probe =
        path:
        let
          port = component.ports.${ready.port};
        in
        if path == null then { tcpSocket = { inherit port; }; } else { httpGet = { inherit path port; }; };
    in
    pod name component {
      inherit scratch spec;
      persistent = state;
      more = {
        ports = map (port: {
          name = port;
          containerPort = component.ports.${port};
        }) (portsOf name);
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
    };
  own = templateOf name component;
  others = lib.mapAttrsToList templateOf besides;
  template = own // {
    spec = own.spec // {
      containers = lib.concatMap ({ spec, ... }: spec.containers) ([ own ] ++ others);
      volumes = lib.unique (lib.concatMap ({ spec, ... }: spec.volumes) ([ own ] ++ others));
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
// lib.optionalAttrs (replicas > 1) { poddisruptionbudget = budget; }
// autoscaler
// cluster.objects
