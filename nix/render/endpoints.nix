# The addresses of what runs, for the command line.
{
  lib,
  nixpkgs,
  registry,
  components,
  addresses,
}:
let
  connect = import ../component/connect.nix addresses;
  runs = name: _: components ? ${name};

  # by the keys of endpoints.json
  endpoints =
    lib.mapAttrs' (
      name: service:
      lib.nameValuePair service.endpoint (connect {
        inherit name;
        port = if service ? page then "page" else "admin";
      })
    ) (lib.filterAttrs runs registry.services)
    // lib.mapAttrs (
      name: server:
      connect {
        inherit name;
        port = server.client;
      }
    ) (lib.filterAttrs runs registry.servers);
in
{
  inherit endpoints;

  # endpoints.json, in which the command line looks them up
  file = nixpkgs.writeText "endpoints.json" (builtins.toJSON (endpoints // { broker = "kafka"; }));
}
