# Metrics: Prometheus, Alertmanager, Pushgateway, InfluxDB, and Grafana, which shows them, logs and traces.
{
  lib,
  nixpkgs,
  json,
  ports,
  server,
}:
let
  inherit (ports) at url;
  to = port: [ { targets = [ (at port) ]; } ];

  # The same as in crates/backends; each job has its service's name, by which rules and dashboards ask.
  prometheus = json "prometheus.yaml" {
    global = {
      scrape_interval = "5s";
      scrape_timeout = "5s";
      evaluation_interval = "15s";
    };
    rule_files = [ "${../../rules}/*.yaml" ];
    alerting.alertmanagers = [ { static_configs = to ports.alertmanager; } ];
    scrape_configs =
      lib.mapAttrsToList
        (job: port: {
          job_name = job;
          static_configs = to port;
        })
        (
          ports.admin
          // {
            inherit (ports) prometheus alertmanager;
          }
        )
      ++ [
        {
          job_name = "pushgateway";
          # What was pushed has labels of its own.
          honor_labels = true;
          static_configs = to ports.pushgateway;
        }
      ];
  };

  datasource = name: port: settings: {
    inherit name;
    # Dashboards name them by these.
    uid = lib.toLower name;
    type = lib.toLower name;
    access = "proxy";
    url = url port;
    jsonData = settings;
  };
  provisioning = nixpkgs.linkFarm "grafana-provisioning" {
    "datasources/tidewatch.yaml" = json "datasources.yaml" {
      apiVersion = 1;
      datasources = [
        (
          datasource "Prometheus" ports.prometheus {
            httpMethod = "POST";
            timeInterval = "5s";
          }
          // {
            isDefault = true;
          }
        )
        (datasource "Alertmanager" ports.alertmanager { implementation = "prometheus"; })
        (datasource "Loki" ports.loki { })
        (datasource "Tempo" ports.tempo {
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
  prometheus = server "prometheus" {
    arguments = [
      "--config.file=${prometheus}"
      "--storage.tsdb.path=data"
      "--storage.tsdb.retention.time=32d"
      "--storage.tsdb.retention.size=8GB"
      "--web.listen-address=${at ports.prometheus}"
      "--web.external-url=${url ports.prometheus}"
      "--enable-feature=exemplar-storage"
    ];
    ports = [ ports.prometheus ];
    ready.path = "/-/ready";
    # So that it is ended before what it scrapes, and reports none of that as down.
    after = [
      "alertmanager"
      "pushgateway"
    ]
    ++ lib.attrNames ports.admin;
  };

  alertmanager = server "alertmanager" {
    arguments = [
      "--config.file=${../../alertmanager/local.yaml}"
      "--storage.path=data"
      "--web.listen-address=${at ports.alertmanager}"
      "--web.external-url=${url ports.alertmanager}"
      # A lone one: no gossip, no port for it.
      "--cluster.listen-address="
    ];
    ports = [ ports.alertmanager ];
    ready.path = "/-/ready";
    after = [ "mock-slack" ];
  };

  pushgateway = server "pushgateway" {
    arguments = [
      "--web.listen-address=${at ports.pushgateway}"
      "--persistence.file=metrics"
    ];
    ports = [ ports.pushgateway ];
    ready.path = "/-/ready";
  };

  influxdb = server "influxdb" {
    arguments = [
      "--http-bind-address=${at ports.influxdb}"
      "--bolt-path=influxd.bolt"
      "--sqlite-path=influxd.sqlite"
      "--engine-path=engine"
      "--reporting-disabled"
    ];
    ports = [ ports.influxdb ];
    ready.path = "/health";
  };

  grafana = server "grafana" {
    environment = {
      GF_SERVER_HTTP_ADDR = "127.0.0.1";
      GF_SERVER_HTTP_PORT = ports.grafana;
      GF_PATHS_PROVISIONING = provisioning;
      GF_LOG_MODE = "console";
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH = "${../../dashboards}/overview.json";
      # Everybody on this machine may look, and nobody can log in.
      GF_AUTH_DISABLE_LOGIN_FORM = "true";
      GF_AUTH_ANONYMOUS_ENABLED = "true";
      GF_AUTH_ANONYMOUS_ORG_ROLE = "Viewer";
      GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION = "true";
      # Nothing is fetched from elsewhere, nothing is reported there.
      GF_ANALYTICS_REPORTING_ENABLED = "false";
      GF_ANALYTICS_CHECK_FOR_UPDATES = "false";
      GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES = "false";
      GF_NEWS_NEWS_FEED_ENABLED = "false";
      GF_PLUGINS_PREINSTALL_DISABLED = "true";
    };
    ports = [ ports.grafana ];
    ready.path = "/api/health";
    after = [
      "prometheus"
      "loki"
      "tempo"
    ];
  };
}
