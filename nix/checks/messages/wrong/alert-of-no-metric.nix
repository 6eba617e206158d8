{
  imports = [ ./checkout.nix ];
  components.checkout.alerts.CheckoutFailing = {
    expr = "rate(checkout_failures_total[5m]) > 1";
    severity = "critical";
    summary = "Checkouts fail";
    description = "More than one checkout per second fails.";
    runbook = "https://wiki.shop.example/runbooks/CheckoutFailing";
  };
}
