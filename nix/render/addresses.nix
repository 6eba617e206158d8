# The addresses where components listen and reach each other. The functions of addresses in a component get one of these
# sets.
{
  lib,
  components,
  onOneHost,
}:
let
  addresses =
    {
      # the host to listen on
      host,
      # the host by which others reach the component NAME
      hostOf,
      # the ports of the component NAME
      portsOf,
    }:
    rec {
      inherit host;
      port = lib.mapAttrs portsOf components;
      at = lib.mapAttrs (name: lib.mapAttrs (_: number: "${hostOf name}:${toString number}")) port;
      url = lib.mapAttrs (_: lib.mapAttrs (_: address: "http://${address}")) at;
      listen = lib.mapAttrs (_: lib.mapAttrs (_: number: "${host}:${toString number}")) port;
    };
in
{
  # All components on this machine, not reachable from outside.
  loopback = addresses {
    host = "127.0.0.1";
    hostOf = _: "127.0.0.1";
    portsOf = onOneHost;
  };

  # Each component in its own container or pod, which has the component's name.
  network = addresses {
    host = "0.0.0.0";
    hostOf = name: name;
    portsOf = _: component: component.ports;
  };
}
