# The common definitions of our services, and the values from platform/services.toml for one of them.
{
  lib,
  name,
  config,
  components,
  registry,
  services,
  workspace,
  ...
}:
let
  entry = registry.services.${name};
  hasPage = entry ? page;
  peers = lib.filter (
    { name, ... }: components ? ${name} || !(lib.elem name config.optional)
  ) entry.talks_to;
in
{
  _file = "platform/services.toml: ${name}";

  kind = "service";
  package = services.${name};
  description = entry.about or name;
  inherit (workspace) license version;

  ports = {
    admin = registry.adminPort;
  }
  // lib.optionalAttrs hasPage { inherit (entry) page; };
  ready = {
    port = "admin";
    path = "/readyz";
  };
  metrics = "admin";
  entrances = lib.optional hasPage "page";

  connections = peers;
  # Logs and traces go to the collector.
  talksTo = lib.mkMerge (
    map ({ name, port, ... }: { ${name} = [ port ]; }) peers
    ++ [ { otel-collector = [ "otlp-http" ]; } ]
  );
  # A service that is drained after this one starts before it.
  startsAfter = lib.attrNames (
    lib.filterAttrs (_: other: lib.elem name other.drain_after or [ ]) registry.services
  );

  arguments = lib.mkBefore (
    { listen, ... }@addresses:
    [ "--admin-listen=${listen.${name}.admin}" ]
    ++ lib.optional hasPage "--listen=${listen.${name}.page}"
    ++ map ({ flag, ... }@connection: "--${flag}=${import ./connect.nix addresses connection}") peers
  );
  environment = { url, ... }: { OTEL_EXPORTER_OTLP_ENDPOINT = url.otel-collector.otlp-http; };

  # In no measurement did one use more than 89 MB (docs/measurements.md).
  cluster = {
    live = "/livez";
    cpu = lib.mkDefault 50;
    memory = {
      request = lib.mkDefault 64;
      limit = lib.mkDefault 256;
    };
  };

  image = {
    # A container has its own loopback, which nothing outside can reach.
    environment = {
      ADMIN_LISTEN = "0.0.0.0:${toString registry.adminPort}";
    }
    // lib.optionalAttrs hasPage { LISTEN = "0.0.0.0:${toString entry.page}"; };
  };
}
