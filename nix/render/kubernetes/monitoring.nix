# What a Prometheus operator needs in place of the component prometheus: a ServiceMonitor per component that has metrics,
# by file, and a PrometheusRule per file of rules/, as text because nothing here reads YAML.
{
  lib,
  components,
  labels,
  monitoring,
}:
let
  inherit (lib.importTOML ../../../platform/prometheus.toml) scrape_interval;
  selected = monitoring.operator.labels;
  rules = lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir ../../../rules);
  indent = line: if line == "" then line else "  ${line}";
in
if !(monitoring ? operator) then
  {
    monitorOf = _: { };
    rules = [ ];
  }
else
  {
    monitorOf =
      name:
      let
        component = components.${name};
      in
      lib.optionalAttrs (component.metrics != null) {
        servicemonitor = {
          apiVersion = "monitoring.coreos.com/v1";
          kind = "ServiceMonitor";
          metadata = {
            inherit name;
            labels = labels name // selected;
          };
          spec = {
            selector.matchLabels = labels name;
            # The job is the component, which rules and dashboards rely on.
            jobLabel = "app.kubernetes.io/name";
            endpoints = [
              {
                port = component.metrics;
                interval = scrape_interval;
                scrapeTimeout = scrape_interval;
                honorLabels = component.scraping.honor_labels or false;
              }
            ];
          };
        };
      };

    rules = lib.mapAttrsToList (
      file: _:
      let
        name = lib.removeSuffix ".yaml" file;
        head = builtins.toJSON {
          name = "tidewatch-${name}";
          labels = selected;
        };
      in
      {
        path = "prometheusrule-${name}.yaml";
        text = ''
          apiVersion: monitoring.coreos.com/v1
          kind: PrometheusRule
          metadata: ${head}
          spec:
          ${lib.concatMapStringsSep "\n" indent (
            lib.splitString "\n" (lib.removeSuffix "\n" (lib.readFile (../../../rules + "/${file}")))
          )}
        '';
      }
    ) rules;
  }
