{
  imports = [ ./checkout.nix ];
  components.checkout.cluster.workload = "ReplicaSet";
}
