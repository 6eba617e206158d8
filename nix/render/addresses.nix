# Where components listen, reach each other and find their files. The functions of addresses in a component get one of
# these sets.
{
  lib,
  nixpkgs,
  components,
  onOneHost,
  # the URLs at which the edge of a cluster serves components, by name
  links ? { },
}:
let
  addresses =
    {
      # the host to listen on
      host,
      # the host by which others reach a port of the component NAME
      hostOf,
      # the ports of the component NAME
      portsOf,
      # the host by which people reach components
      outside,
      # the URL by which people reach a port of the component NAME, instead of one with `outside`
      linkOf ? (
        _: _: default:
        default
      ),
      # the path of the file or folder FILE of the component NAME, from its contents
      pathOf,
      # the addresses of the component NAME that are not these, by port
      elsewhere ? _: { },
      # a name that a process has to itself and keeps when it restarts; null if there is no such name
      instance,
    }:
    let
      self = {
        inherit host instance;
        # Only the addresses in a cluster have one.
        namespace = null;
        port = lib.mapAttrs portsOf components;
        at = lib.mapAttrs (
          name: ports:
          lib.mapAttrs (port: number: "${hostOf name port}:${toString number}") ports // elsewhere name
        ) self.port;
        url = lib.mapAttrs (_: lib.mapAttrs (_: address: "http://${address}")) self.at;
        listen = lib.mapAttrs (_: lib.mapAttrs (_: number: "${host}:${toString number}")) self.port;
        link = lib.mapAttrs (
          name: lib.mapAttrs (port: number: linkOf name port "http://${outside}:${toString number}")
        ) self.port;
        file = lib.mapAttrs (
          name: component: lib.mapAttrs (file: contents: pathOf name file (contents self)) component.files
        ) components;
      };
    in
    self;

  json = name: document: nixpkgs.writeText name (builtins.toJSON document);
  stored =
    name: file: contents:
    if contents ? source then
      "${contents.source}"
    else if contents ? paths then
      "${nixpkgs.linkFarm "${name}-${file}" contents.paths}"
    else if contents ? documents then
      "${nixpkgs.linkFarm "${name}-${file}" (
        lib.mapAttrs (path: json (baseNameOf path)) contents.documents
      )}"
    else if contents ? document then
      "${json file contents.document}"
    else
      "${nixpkgs.writeText file contents.text}";
in
rec {
  # All components on this machine, not reachable from outside.
  loopback = addresses {
    host = "127.0.0.1";
    hostOf = _: _: "127.0.0.1";
    outside = "127.0.0.1";
    portsOf = onOneHost;
    pathOf = stored;
    instance = "tidewatch-local";
  };

  # Each component in its own container or pod, which others reach by the component's name, in a cluster also by that of
  # nix/component/host.nix.
  network = addresses {
    host = "0.0.0.0";
    hostOf = name: import ../component/host.nix name components.${name};
    # People use `kubectl port-forward` or ports that docker publishes.
    outside = "localhost";
    portsOf = _: component: component.ports;
    elsewhere =
      name:
      let
        inherit (components.${name}.cluster) external;
      in
      if external == null then { } else external.addresses;
    linkOf =
      name: port: default:
      if links ? ${name} && lib.elem port components.${name}.entrances then links.${name} else default;
    pathOf =
      _: file: _:
      "/etc/tidewatch/${file}";
    instance = null;
  };

  # The same in a namespace of a cluster.
  inNamespace = namespace: network // { inherit namespace; };
}
