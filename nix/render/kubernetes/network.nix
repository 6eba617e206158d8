# NetworkPolicies: a pod resolves names, sends requests to the ports that its component talks to, and gets requests at
# the ports that others talk to. Everything else is denied.
{
  lib,
  addresses,
  components,
  # those that run elsewhere, too
  all,
  edge,
  labels,
}:
let
  inherit (import ../../component/flows.nix lib) flowsOf outsideOf;
  flows = flowsOf all;
  ports = flows: map tcp (lib.unique (map (flow: addresses.port.${flow.to}.${flow.port}) flows));

  # Which pods a component's policy selects; a task has its own.
  selector = name: {
    matchLabels = labels (
      if all ? ${name} then import ../../component/pod-of.nix name all.${name} else name
    );
  };

  # One rule per peer, which is at the end `peer` of the flows.
  rules =
    peer: end: flows:
    lib.mapAttrsToList (
      name: flows:
      let
        inherit (all.${name}.cluster or { external = null; }) external;
      in
      {
        ${end} = if external == null then [ { podSelector = selector name; } ] else elsewhere external;
        ports = if external != null && peer == "to" then portsElsewhere external flows else ports flows;
      }
    ) (lib.groupBy (flow: flow.${peer}) flows);
  # What isn't in the profile: pods of another namespace, or addresses.
  elsewhere =
    { namespace, networks, ... }:
    if namespace != null then
      [ (inNamespace namespace) ]
    else
      map (cidr: { ipBlock = { inherit cidr; }; }) networks;
  inNamespace = name: { namespaceSelector.matchLabels."kubernetes.io/metadata.name" = name; };
  # The ports of addresses HOST:PORT,HOST:PORT.
  portsElsewhere =
    external: flows:
    map tcp (
      lib.unique (
        lib.concatMap (
          flow:
          map (address: lib.toInt (lib.last (lib.splitString ":" address))) (
            lib.splitString "," external.addresses.${flow.port}
          )
        ) flows
      )
    );
  tcp = port: {
    inherit port;
    protocol = "TCP";
  };

  # What sends requests to a component from other namespaces.
  fromOutside =
    { ports, cluster, ... }:
    lib.mapAttrsToList (other: names: {
      from = [ (inNamespace other) ];
      ports = map (port: tcp ports.${port}) (lib.unique names);
    }) cluster.reachedFrom;

  # What is outside of the components has addresses that are not known here.
  toOutside =
    component:
    let
      peersOf =
        { public, ... }@place:
        if public then
          [
            {
              ipBlock = {
                cidr = "0.0.0.0/0";
                # the addresses of internal networks
                except = [
                  "10.0.0.0/8"
                  "100.64.0.0/10"
                  "169.254.0.0/16"
                  "172.16.0.0/12"
                  "192.168.0.0/16"
                ];
              };
            }
          ]
        else
          elsewhere place;
    in
    map (places: {
      to = peersOf (lib.head places);
      ports = map tcp (lib.unique (map ({ port, ... }: port) places));
    }) (lib.attrValues (lib.groupBy (place: builtins.toJSON (peersOf place)) (outsideOf component)));

  policy = name: spec: {
    apiVersion = "networking.k8s.io/v1";
    kind = "NetworkPolicy";
    metadata = { inherit name; };
    inherit spec;
  };
in
{
  common = [
    (policy "default-deny" {
      podSelector = { };
      policyTypes = [
        "Ingress"
        "Egress"
      ];
    })
    (policy "dns" {
      podSelector = { };
      policyTypes = [ "Egress" ];
      egress = [
        {
          to = [
            {
              namespaceSelector.matchLabels."kubernetes.io/metadata.name" = "kube-system";
              podSelector.matchLabels.k8s-app = "kube-dns";
            }
          ];
          ports =
            map
              (protocol: {
                port = 53;
                inherit protocol;
              })
              [
                "UDP"
                "TCP"
              ];
        }
      ];
    })
  ]
  # For HTTP-01, cert-manager starts pods here that answer the authority's requests.
  ++ lib.optional (edge ? ingress) (
    policy "acme" {
      podSelector.matchLabels."acme.cert-manager.io/http01-solver" = "true";
      policyTypes = [ "Ingress" ];
      ingress = [
        {
          from = [ (inNamespace edge.ingress.namespace) ];
          ports = [ (tcp 8089) ];
        }
      ];
    }
  );

  # The policy of a component or task, by file; none if it neither sends nor gets requests.
  policyOf =
    name:
    let
      egress =
        rules "to" "to" (lib.filter (flow: flow.from == name) flows)
        ++ lib.concatMap toOutside (lib.optional (components ? ${name}) components.${name});
      ingress =
        rules "from" "from" (lib.filter (flow: flow.to == name) flows)
        ++ lib.optionals (components ? ${name}) (fromOutside components.${name});
    in
    lib.optionalAttrs (egress ++ ingress != [ ]) {
      networkpolicy = policy name (
        {
          podSelector = selector name;
          policyTypes = lib.optional (ingress != [ ]) "Ingress" ++ lib.optional (egress != [ ]) "Egress";
        }
        // lib.optionalAttrs (ingress != [ ]) { inherit ingress; }
        // lib.optionalAttrs (egress != [ ]) { inherit egress; }
      );
    };

  # The names of the ports of a component that others talk to, or people by `kubectl port-forward`.
  portsOf =
    name:
    lib.naturalSort (
      lib.unique (
        map (flow: flow.port) (lib.filter (flow: flow.to == name) flows) ++ components.${name}.entrances
      )
    );
}
