{
  imports = [ ./checkout.nix ];
  components.checkout.cluster = {
    beside = "otel-collector";
    replicas = 2;
  };
}
