# The contents of platform/services.toml, which Rust reads too: services and servers by name.
{ lib }:
let
  registry = lib.importTOML ../platform/services.toml;
  byName = entries: lib.listToAttrs (map (entry: lib.nameValuePair entry.name entry) entries);
in
{
  # The port where every service serves /metrics, /livez and /readyz when it is the only one on its host.
  adminPort = registry.admin_port;

  # `place` is a service's position in the file. It is added to adminPort when all services share one host.
  services = byName (lib.imap0 (place: service: service // { inherit place; }) registry.service);

  # `client` is the name of the port that a server's clients use.
  servers = byName (
    map (
      server: server // { client = if server.ports ? http then "http" else "broker"; }
    ) registry.server
  );
}
