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
  _file = "platform/services.toml";

  description = lib.mkDefault entry.title;
  inherit (entry) ports;
  entrances = lib.attrNames entry.ports;
  ready = lib.optionalAttrs (entry ? ready) {
    port = "http";
    path = entry.ready;
  };
  metrics = lib.mkIf (entry.metrics or false) "http";
}
