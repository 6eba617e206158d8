# The options of a component that say how it is monitored, in addition to rules/, dashboards/ and docs/slos.
{ lib, ... }:
let
  inherit (lib) mkOption types;
  duration = types.strMatching "([0-9]+(ms|[smhdwy]))+";

  alert = types.submodule {
    options = {
      expr = mkOption {
        type = types.nonEmptyStr;
        description = "The expression in PromQL; the alert is active for each series of its result.";
      };
      for = mkOption {
        type = duration;
        default = "0s";
        description = "How long the alert has to be active before it fires.";
      };
      keepFiringFor = mkOption {
        type = duration;
        default = "0s";
        description = "How long it fires after it is no longer active.";
      };
      severity = mkOption {
        type = types.enum [
          "critical"
          "warning"
          "info"
        ];
        description = "`critical` pages somebody.";
      };
      summary = mkOption {
        type = types.nonEmptyStr;
        description = "Who is affected, and how badly; a template of Prometheus.";
      };
      description = mkOption {
        type = types.nonEmptyStr;
        description = "What exactly has happened; a template of Prometheus.";
      };
      runbook = mkOption {
        type = types.strMatching "https?://.+";
        description = "The URL of the page that says what to do.";
      };
    };
  };
in
{
  options = {
    exports = mkOption {
      type = types.listOf (types.strMatching "[a-zA-Z_:][a-zA-Z0-9_:]*");
      default = [ ];
      description = ''
        The names of the metrics that it exposes, without those that Tidewatch knows. `alerts` and `dashboards` can use no
        others. The name of a histogram stands for its series.
      '';
    };

    alerts = mkOption {
      type = types.attrsOf alert;
      default = { };
      description = "Alerts that Prometheus raises, by name.";
    };

    slos = mkOption {
      type = types.listOf types.path;
      default = [ ];
      description = "OpenSLO files. Prometheus gets the rules that `tidewatch slo generate` makes of them.";
    };

    dashboards = mkOption {
      type = types.attrsOf types.path;
      default = { };
      description = "Dashboards of Grafana, as JSON files by name.";
    };
  };
}
