# All components, from platform/services.toml, nix/components/NAME.nix, and the defaults of nix/component/options.nix. A
# mistake is refused with a message that names the file.
{
  lib,
  nixpkgs,
  registry,
  services,
  workspace,
  # the components to leave out
  without ? [ ],
  # more definitions, by name: profiles add theirs, and checks invalid ones
  added ? { },
}:
let
  kept = registry // {
    services = removeAttrs registry.services without;
    servers = removeAttrs registry.servers without;
  };
  files = removeAttrs (lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (./components + "/${file}")
  ) (builtins.readDir ./components)) without;

  evaluated = lib.genAttrs (lib.attrNames (kept.services // kept.servers // files // added)) (
    name:
    lib.evalModules {
      class = "component";
      specialArgs = {
        inherit
          name
          nixpkgs
          services
          workspace
          ;
        registry = kept;
        # The other components, for values that depend on all of them.
        components = configurations;
      };
      modules = [
        ./component/options.nix
        ./component/cluster.nix
      ]
      ++ lib.optional (kept.services ? ${name}) ./component/service.nix
      ++ lib.optional (kept.servers ? ${name}) ./component/server.nix
      ++ lib.optional (files ? ${name}) files.${name}
      ++ lib.optional (added ? ${name}) added.${name};
    }
  );
  configurations = lib.mapAttrs (
    name: { config, ... }: builtins.addErrorContext "while evaluating ${fileOf name}" config
  ) evaluated;

  # A service without its own file is defined by platform/services.toml alone.
  fileOf =
    name:
    if files ? ${name} || !(kept.services ? ${name}) then
      "nix/components/${name}.nix"
    else
      "${name} in platform/services.toml";
  before = component: lib.unique (lib.attrNames component.talksTo ++ component.startsAfter);

  # Each of these is a list of messages.
  absent =
    let
      registered = lib.attrNames kept.services;
      built = lib.attrNames (removeAttrs services ([ "tidewatch" ] ++ without));
    in
    map (name: "platform/services.toml: there is no apps/${name}") (lib.subtractLists built registered)
    ++ map (name: "apps/${name} needs an entry in platform/services.toml") (
      lib.subtractLists registered built
    );
  missing = lib.concatLists (
    lib.mapAttrsToList (
      name:
      { options, ... }:
      map (option: "${fileOf name}: the option ${lib.showOption option.loc} needs a value") (
        lib.filter (option: !(option ? default || option.isDefined)) (
          lib.collect lib.isOption (removeAttrs options [ "_module" ])
        )
      )
    ) evaluated
  );
  unknown = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      map (other: "${fileOf name}: there is no component ${other}") (
        lib.subtractLists (lib.attrNames evaluated) (before component)
      )
      ++ map (port: "${fileOf name}: it has no port ${port}") (
        lib.subtractLists (lib.attrNames component.ports) (
          [ component.ready.port ]
          ++ lib.optional (component.metrics != null) component.metrics
          ++ component.image.ports
        )
      )
    ) configurations
  );
  closed = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      lib.concatLists (
        lib.mapAttrsToList (
          other: ports:
          map (port: "${fileOf name}: ${other} has no port ${port}") (
            lib.subtractLists (lib.attrNames configurations.${other}.ports) ports
          )
        ) component.talksTo
      )
    ) configurations
  );
  # Workloads that a cluster could not run.
  impossible = lib.concatLists (
    lib.mapAttrsToList (
      name:
      {
        cluster,
        resources,
        state,
        tasksAfter,
        ...
      }:
      let
        inherit (cluster)
          autoscaling
          memberPorts
          memory
          replicas
          workload
          ;
        scale = lib.head (lib.attrValues autoscaling);
        complain = problem: "${fileOf name}: ${problem}";
      in
      lib.optional (memory.request > memory.limit) (
        complain "it requests ${toString memory.request} MiB, more than its limit of ${toString memory.limit} MiB"
      )
      ++ lib.optional (resources.memory != null && resources.memory >= memory.limit) (
        complain "its limit of ${toString memory.limit} MiB must exceed its own of ${toString resources.memory} MiB"
      )
      ++ lib.optional (state && workload == "Deployment") (
        complain "it keeps state, so it needs a StatefulSet"
      )
      ++ lib.optional (workload == "StatefulSet" && memberPorts == [ ] && replicas > 1) (
        complain "it is a StatefulSet, so it can't have ${toString replicas} pods: only one may run at a time"
      )
      ++ lib.optional (autoscaling != null && workload != "Deployment") (
        complain "it is a ${workload}, so nothing can scale it: remove cluster.autoscaling"
      )
      ++ lib.optional (autoscaling != null && scale.minimum > scale.maximum) (
        complain "it scales from ${toString scale.minimum} to ${toString scale.maximum} pods: the minimum must not exceed the maximum"
      )
      ++ map (task: complain "its task ${task} has the name of another component or task") (
        lib.intersectLists (lib.attrNames tasksAfter) (
          lib.attrNames evaluated
          ++ lib.concatMap (other: lib.attrNames other.tasksAfter) (
            lib.attrValues (removeAttrs configurations [ name ])
          )
        )
      )
    ) configurations
  );
  # All components can run on one host, where each service has its own admin port.
  taken =
    let
      ports = lib.concatLists (
        lib.mapAttrsToList (
          name: component:
          map (port: {
            inherit name;
            port = toString port;
          }) (lib.attrValues (onOneHost name component))
        ) configurations
      );
    in
    map
      (
        sharing:
        "port ${(lib.head sharing).port} is claimed by each of ${
          lib.concatMapStringsSep ", " ({ name, ... }: fileOf name) sharing
        }"
      )
      (
        lib.filter (sharing: lib.length sharing > 1) (
          lib.attrValues (lib.groupBy (claim: claim.port) ports)
        )
      );
  onOneHost =
    name: component:
    lib.mapAttrs (
      port: number: if port == "admin" then number + kept.services.${name}.place or 0 else number
    ) component.ports;
  sorted = lib.toposort (a: b: lib.elem a (before configurations.${b})) (lib.attrNames evaluated);
  # toposort's `cycle` begins with the path to the cycle; `loops` has the component where the cycle itself begins.
  circular = lib.optional (sorted ? cycle) (
    "these components wait for each other: "
    + lib.concatMapStringsSep ", " fileOf (
      lib.drop (lib.lists.findFirstIndex (name: lib.elem name sorted.loops) 0 sorted.cycle) sorted.cycle
    )
  );

  # Later checks are meaningful only if the earlier ones pass.
  problems =
    lib.findFirst (sentences: sentences != [ ])
      [ ]
      [
        absent
        missing
        unknown
        closed
        impossible
        (taken ++ circular)
      ];
in
{
  inherit problems;

  # The components by name; fails if there are problems.
  components = lib.throwIf (problems != [ ]) (lib.concatStringsSep "\n" problems) configurations;

  # The same even if there are problems: to explain them.
  unchecked = configurations;

  # The names, each after those of the components that it needs.
  order = sorted.result;

  # The ports of one component if all share a host.
  inherit onOneHost;
}
