# What the shop adds to Tidewatch, and what it changes.
{ lib, pkgs, ... }:
{
  components.checkout = {
    description = "The shop's checkout";
    license = "MIT";
    package = pkgs.writers.writePython3Bin "checkout" { } (lib.readFile ./checkout.py);
    version = "1.0";
    arguments = { listen, ... }: [ listen.checkout.http ];
    ports.http = 8090;
    ready = {
      port = "http";
      path = "/ready";
    };
    entrances = [ "http" ];
    cluster = {
      cpu = 20;
      memory = {
        request = 32;
        limit = 128;
      };
    };

    # Prometheus scrapes it; nothing else in the cluster reaches it.
    metrics = "http";
    exports = [ "checkout_requests_total" ];
    slos = [ ./slo.yaml ];
    dashboards.checkout = ./dashboard.json;
    alerts.CheckoutFailing = {
      expr = ''
        sum(rate(checkout_requests_total{code="500"}[5m])) > 0.1 * sum(rate(checkout_requests_total[5m]))
      '';
      for = "5m";
      severity = "critical";
      summary = "One checkout in ten fails";
      description = "{{ $value | humanize }} requests to the checkout fail per second, for 5 minutes now.";
      runbook = "https://wiki.shop.example/runbooks/CheckoutFailing";
    };
  };

  # A value that Tidewatch sets itself is changed with `mkForce`.
  components.prometheus.cluster.storage = lib.mkForce 20;

  without = [ "influxdb" ];

  profiles.staging.namespace = "shop-staging";
}
