# The values from platform/services.toml for a server.
{
  lib,
  name,
  registry,
  ...
}:
let
  entry = registry.servers.${name};
in
{
  _file = "platform/services.toml: ${name}";

  description = lib.mkDefault entry.title;
  inherit (entry) ports;
  entrances = [ entry.client ];
  ready = {
    port = entry.client;
    path = entry.ready or null;
  };
  metrics = lib.mkIf (entry.metrics or false) entry.client;
}
