# Grafana, which shows metrics, alerts, logs and traces.
{ lib, nixpkgs, ... }:
let
  json = name: value: nixpkgs.writeText name (builtins.toJSON value);

  provisioning =
    { url, ... }:
    let
      datasource = name: settings: {
        inherit name;
        # Dashboards refer to it by this uid.
        uid = lib.toLower name;
        type = lib.toLower name;
        access = "proxy";
        url = url.${lib.toLower name}.http;
        jsonData = settings;
      };
    in
    nixpkgs.linkFarm "grafana-provisioning" {
      "datasources/tidewatch.yaml" = json "datasources.yaml" {
        apiVersion = 1;
        datasources = [
          (
            datasource "Prometheus" {
              httpMethod = "POST";
              timeInterval = "5s";
              # Links an exemplar to its trace.
              exemplarTraceIdDestinations = [
                {
                  name = "trace_id";
                  datasourceUid = "tempo";
                }
              ];
            }
            // {
              isDefault = true;
            }
          )
          (datasource "Alertmanager" { implementation = "prometheus"; })
          (datasource "Loki" { })
          (datasource "Tempo" {
            tracesToLogsV2 = {
              datasourceUid = "loki";
              filterByTraceID = true;
              customQuery = false;
            };
          })
        ];
      };
      "dashboards/tidewatch.yaml" = json "dashboards.yaml" {
        apiVersion = 1;
        providers = [
          {
            name = "Tidewatch";
            folder = "Tidewatch";
            type = "file";
            allowUiUpdates = false;
            options.path = "${../../dashboards}";
          }
        ];
      };
    };
in
{
  description = "Grafana";
  license = "AGPL-3.0-only";
  package = nixpkgs.grafana;
  command = [
    "server"
    "--homepath=${nixpkgs.grafana}/share/grafana"
  ];
  environment =
    { host, port, ... }@addresses:
    {
      GF_SERVER_HTTP_ADDR = host;
      GF_SERVER_HTTP_PORT = port.grafana.http;
      GF_PATHS_PROVISIONING = "${provisioning addresses}";
      GF_LOG_MODE = "console";
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH = "${../../dashboards}/overview.json";
      # Everyone who can reach it has read access, and nobody can log in.
      GF_AUTH_DISABLE_LOGIN_FORM = "true";
      GF_AUTH_ANONYMOUS_ENABLED = "true";
      GF_AUTH_ANONYMOUS_ORG_ROLE = "Viewer";
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION = "true";
      # It downloads and reports nothing.
      GF_ANALYTICS_REPORTING_ENABLED = "false";
      GF_ANALYTICS_CHECK_FOR_UPDATES = "false";
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES = "false";
      GF_NEWS_NEWS_FEED_ENABLED = "false";
      GF_PLUGINS_PREINSTALL_DISABLED = "true";
    };

  talksTo = [
    "prometheus"
    "alertmanager"
    "loki"
    "tempo"
  ];
  state = true;

  image.environment = {
    GF_PATHS_DATA = "/data";
    GF_PATHS_LOGS = "/data/log";
    GF_PATHS_PLUGINS = "/data/plugins";
  };
}
