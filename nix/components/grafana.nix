# Grafana, which shows metrics, alerts, logs and traces.
{
  lib,
  nixpkgs,
  components,
  ...
}:
let
  # A datasource exists if its server does. Settings below `with.SERVER` are added if that server exists as well.
  known = server: components ? ${server};
  entries =
    lib.filter (entry: known entry.server)
      (lib.importTOML ../../platform/datasources.toml).datasource;
  # The server that answers for a datasource.
  answering =
    { server, ... }@entry: if known (entry.through or server) then entry.through or server else server;
  datasources =
    url:
    let
      datasource =
        {
          name,
          uid,
          type,
          default ? false,
          jsonData ? { },
          ...
        }@entry:
        {
          inherit name uid type;
          access = "proxy";
          url = url.${answering entry}.http;
          jsonData = lib.foldl' (
            settings: server: settings // lib.optionalAttrs (known server) entry."with".${server}
          ) jsonData (lib.attrNames (entry."with" or { }));
        }
        // lib.optionalAttrs default { isDefault = true; };
    in
    map datasource entries;

  # Each setting is read from the variable GF_SECTION_KEY.
  settings = lib.concatMapAttrs (
    section:
    lib.mapAttrs' (
      key: value: {
        name = lib.toUpper "GF_${lib.replaceStrings [ "." ] [ "_" ] section}_${key}";
        value = if lib.isBool value then lib.boolToString value else toString value;
      }
    )
  ) (lib.importTOML ../../platform/grafana.toml);

  provisioning =
    { file, url, ... }:
    {
      "datasources/tidewatch.yaml" = {
        apiVersion = 1;
        datasources = datasources url;
      };
      "dashboards/tidewatch.yaml" = {
        apiVersion = 1;
        providers = [
          {
            name = "Tidewatch";
            folder = "Tidewatch";
            type = "file";
            allowUiUpdates = false;
            options.path = file.grafana.dashboards;
          }
        ];
      };
    };
in
{
  license = "AGPL-3.0-only";
  package = nixpkgs.grafana;
  command = [
    "server"
    "--homepath=${nixpkgs.grafana}/share/grafana"
  ];
  files = {
    dashboards =
      { namespace, ... }:
      import ../component/dashboards.nix {
        inherit lib components;
        inCluster = namespace != null;
      };
    provisioning = addresses: { documents = provisioning addresses; };
  };
  environment =
    {
      file,
      host,
      port,
      ...
    }:
    {
      GF_SERVER_HTTP_ADDR = host;
      GF_SERVER_HTTP_PORT = port.grafana.http;
      GF_PATHS_PROVISIONING = file.grafana.provisioning;
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH = "${file.grafana.dashboards}/overview.json";
    }
    // settings;

  # It resolves relative paths against the folder of its package.
  paths = {
    GF_PATHS_DATA = "data";
    GF_PATHS_LOGS = "log";
    GF_PATHS_PLUGINS = "plugins";
  };

  talksTo = lib.genAttrs (map answering entries) (_: [ "http" ]);
  state = true;

  cluster = {
    cpu = 50;
    # not measured
    memory = {
      request = 128;
      limit = 512;
    };
  };

  image.environment = {
    GF_PATHS_DATA = "/data";
    GF_PATHS_LOGS = "/data/log";
    GF_PATHS_PLUGINS = "/data/plugins";
  };
}
