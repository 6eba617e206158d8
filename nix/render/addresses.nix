# Where components listen and find each other. Each of these is what a component's functions of addresses get.
{
  lib,
  components,
  onOneHost,
}:
let
  addresses =
    {
      # the address to listen on
      host,
      # the host of the component NAME, for others
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
  # All on this machine, reachable by nobody else.
  loopback = addresses {
    host = "127.0.0.1";
    hostOf = _: "127.0.0.1";
    portsOf = onOneHost;
  };

  # Each in a container or pod of its own, which has the component's name.
  network = addresses {
    host = "0.0.0.0";
    hostOf = name: name;
    portsOf = _: component: component.ports;
  };
}
