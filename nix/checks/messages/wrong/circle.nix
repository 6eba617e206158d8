{
  imports = [ ./checkout.nix ];
  components.checkout.talksTo.otel-collector = [ "otlp-http" ];
  components.otel-collector.talksTo.checkout = [ "http" ];
}
