{ lib, ... }:
{
  components.grafana.cluster.memory.limit = lib.mkForce "1Gi";
}
