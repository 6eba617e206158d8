# The facts of platform/services.toml, which Rust reads too: services and servers by name.
{ lib }:
let
  registry = lib.importTOML ../platform/services.toml;
  byName = entries: lib.listToAttrs (map (entry: lib.nameValuePair entry.name entry) entries);
in
{
  # The port where every service serves /metrics, /livez and /readyz when it runs alone.
  adminPort = registry.admin_port;

  # `place` is a service's position in the file: where all services share one host, it is added to adminPort.
  services = byName (lib.imap0 (place: service: service // { inherit place; }) registry.service);

  servers = byName registry.server;
}
