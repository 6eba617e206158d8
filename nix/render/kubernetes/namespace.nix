# The namespace, where Pod Security `restricted` is enforced, and what all of its pods may use together.
{
  lib,
  components,
  tasks,
  # for tasks, and for containers that state no figures
  small,
}:
namespace:
let
  # During a rollout a Deployment has one more pod.
  podsOf =
    { cluster, ... }:
    import ../../component/pods.nix lib cluster + (if cluster.workload == "Deployment" then 1 else 0);
  # The component in whose pod one runs: it has as many containers as that one has pods, and the same folders.
  hostOf =
    component:
    if component.cluster.beside == null then component else components.${component.cluster.beside};
  containersOf = component: podsOf (hostOf component);
  sum = amount: lib.foldl' (total: component: total + amount component) 0 (lib.attrValues components);
  perContainer = amount: sum (component: containersOf component * amount component.cluster);
  ofVolumes =
    amount:
    sum (
      component: if component.state then component.cluster.replicas * amount component.cluster else 0
    );
  # The pods of tasks, and two small ones, for example of a Job's former template or for debugging.
  others = lib.attrValues tasks ++ [
    small
    small
  ];
  ofOthers = amount: lib.foldl' (total: task: total + amount task) 0 others;
  diskOf =
    component:
    let
      inherit (hostOf component) state cluster;
    in
    import ./disk.nix {
      inherit (cluster) scratch;
      persistent = state;
    };
  smallDisk = import ./disk.nix {
    inherit (small) scratch;
    persistent = false;
  };
  disk =
    amount:
    toString (
      sum (component: containersOf component * amount (diskOf component))
      + lib.length others * amount smallDisk
    )
    + "Mi";
in
[
  {
    apiVersion = "v1";
    kind = "Namespace";
    metadata = {
      name = namespace;
      labels = {
        "pod-security.kubernetes.io/enforce" = "restricted";
        "pod-security.kubernetes.io/warn" = "restricted";
      };
    };
  }
  {
    apiVersion = "v1";
    kind = "ResourceQuota";
    metadata.name = "tidewatch";
    spec.hard = {
      pods = toString (
        sum (component: if component.cluster.beside == null then podsOf component else 0)
        + lib.length others
      );
      "requests.cpu" = "${toString (perContainer ({ cpu, ... }: cpu) + lib.length others * small.cpu)}m";
      "requests.memory" = "${
        toString (
          perContainer ({ memory, ... }: memory.request) + ofOthers ({ memory, ... }: memory.request)
        )
      }Mi";
      "limits.memory" = "${
        toString (perContainer ({ memory, ... }: memory.limit) + ofOthers ({ memory, ... }: memory.limit))
      }Mi";
      "requests.ephemeral-storage" = disk ({ request, ... }: request);
      "limits.ephemeral-storage" = disk ({ limit, ... }: limit);
      persistentvolumeclaims = toString (ofVolumes (_: 1));
      "requests.storage" = "${toString (ofVolumes ({ storage, ... }: storage))}Gi";
    };
  }
  {
    apiVersion = "v1";
    kind = "LimitRange";
    metadata.name = "tidewatch";
    spec.limits = [
      {
        type = "Container";
        defaultRequest = {
          cpu = "${toString small.cpu}m";
          memory = "${toString small.memory.request}Mi";
          ephemeral-storage = "${toString smallDisk.request}Mi";
        };
        default = {
          memory = "${toString small.memory.limit}Mi";
          ephemeral-storage = "${toString smallDisk.limit}Mi";
        };
      }
    ];
  }
]
