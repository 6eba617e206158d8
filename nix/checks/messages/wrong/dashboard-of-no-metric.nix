{
  imports = [ ./checkout.nix ];
  components.checkout.dashboards.checkout = ./dashboard-of-no-metric.json;
}
