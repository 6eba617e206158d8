# The values from platform/services.toml for a server.
{ name, registry, ... }:
let
  entry = registry.servers.${name};
in
{
  _file = "platform/services.toml";

  inherit (entry) ports;
  ready =
    if entry ? ready then
      {
        port = "http";
        path = entry.ready;
      }
    else
      { };
}
