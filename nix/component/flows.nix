# Who talks to whom. NetworkPolicies and docs/topology.md follow from it.
lib: {
  # Each port that something talks to: components by `talksTo`, a task to the component that it belongs to.
  flowsOf =
    components:
    lib.concatLists (
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
        ++ lib.mapAttrsToList (
          task:
          { port, ... }:
          {
            from = task;
            to = name;
            inherit port;
          }
        ) component.cluster.tasks
        # the members of a cluster
        ++ map (port: {
          from = name;
          to = name;
          inherit port;
        }) component.cluster.memberPorts
      ) components
    );

  # What a component reaches outside of the components: the API server if it has access, and `cluster.outside`.
  outsideOf =
    { cluster, ... }:
    lib.optionals (cluster.access.namespace ++ cluster.access.cluster != [ ]) (
      map
        (port: {
          name = "API server";
          inherit port;
          networks = [ "0.0.0.0/0" ];
          namespace = null;
          public = false;
        })
        [
          443
          6443
        ]
    )
    ++ lib.mapAttrsToList (name: place: place // { inherit name; }) cluster.outside;
}
