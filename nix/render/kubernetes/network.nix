# NetworkPolicies: a pod resolves names, sends requests to the ports that its component talks to, and gets requests at
# the ports that others talk to. Everything else is denied.
{
  lib,
  addresses,
  components,
  labels,
}:
let
  # Each port that something talks to: components by `talksTo`, a task to the component that it belongs to.
  flows = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      lib.concatLists (
        lib.mapAttrsToList (
          other: ports:
          map (port: {
            from = name;
            to = other;
            inherit port;
          }) (lib.unique ports)
        ) component.talksTo
      )
      ++ map (task: {
        from = task;
        to = name;
        inherit (component.ready) port;
      }) (lib.attrNames component.tasksAfter)
    ) components
  );
  ports =
    flows:
    map (number: {
      port = number;
      protocol = "TCP";
    }) (lib.unique (map (flow: addresses.port.${flow.to}.${flow.port}) flows));

  # One rule per peer, which is at the end `peer` of the flows.
  rules =
    peer: end: flows:
    lib.mapAttrsToList (name: flows: {
      ${end} = [ { podSelector.matchLabels = labels name; } ];
      ports = ports flows;
    }) (lib.groupBy (flow: flow.${peer}) flows);

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
  ];

  # The policy of a component or task, by file; none if it neither sends nor gets requests.
  policyOf =
    name:
    let
      egress = rules "to" "to" (lib.filter (flow: flow.from == name) flows);
      ingress = rules "from" "from" (lib.filter (flow: flow.to == name) flows);
    in
    lib.optionalAttrs (egress ++ ingress != [ ]) {
      networkpolicy = policy name (
        {
          podSelector.matchLabels = labels name;
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
