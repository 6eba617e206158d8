# Alertmanager, which notifies mock-slack, or without it the receivers of alertmanager/production.yaml.
{
  lib,
  nixpkgs,
  components,
  ...
}:
let
  # The configuration of `tidewatch up`, with the address that mock-slack has here.
  rehearsal =
    url:
    lib.replaceStrings
      [ "http://127.0.0.1:${toString components.mock-slack.ports.page}" ]
      [ url.mock-slack.page ]
      (lib.readFile ../../alertmanager/local.yaml);
  rehearses = components ? mock-slack;
in
{
  license = "Apache-2.0";
  package = nixpkgs.prometheus-alertmanager;
  arguments =
    {
      file,
      link,
      listen,
      ...
    }:
    [
      "--config.file=${file.alertmanager."alertmanager.yaml"}"
      "--storage.path=data"
      "--web.listen-address=${listen.alertmanager.http}"
      "--web.external-url=${link.alertmanager.http}"
      # A single instance needs no gossip, and no port for it.
      "--cluster.listen-address="
    ];

  files."alertmanager.yaml" =
    { url, ... }:
    {
      text = if rehearses then rehearsal url else lib.readFile ../../alertmanager/production.yaml;
    };

  talksTo = lib.optionalAttrs rehearses { mock-slack = [ "page" ]; };
  optional = [ "mock-slack" ];
  state = true;
  cluster = {
    live = "/-/healthy";
    cpu = 20;
    # It used up to 47 MB (docs/measurements.md).
    memory = {
      request = 64;
      limit = 128;
    };
  }
  // lib.optionalAttrs (!rehearses) {
    # Slack, PagerDuty and the dead man's switch
    outside.receivers = {
      port = 443;
      public = true;
    };
    mounts.receivers = {
      secret = "alertmanager-receivers";
      path = "/etc/alertmanager/secrets";
      keys = [
        "pagerduty-routing-key"
        "slack-api-url"
        "watchdog-url"
      ];
    };
  };

  image.certificates = true;
}
