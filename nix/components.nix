# All components, from platform/services.toml, nix/components/NAME.nix, the platform, and the defaults of
# nix/component/options.nix. A mistake is refused with a message that names the file and the option.
{
  lib,
  nixpkgs,
  registry,
  services,
  workspace,
  # more definitions of components, and which of them to leave out
  platform,
}:
let
  place = import ./place.nix { inherit lib; };
  topics = lib.importJSON ../platform/topics.json;

  inherit (platform.config) without;
  kept = registry // {
    services = removeAttrs registry.services without;
    servers = removeAttrs registry.servers without;
  };
  allFiles = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (./components + "/${file}")
  ) (builtins.readDir ./components);
  files = removeAttrs allFiles without;
  added = removeAttrs platform.config.components without;

  optionModules = [
    ./component/options.nix
    ./component/cluster.nix
    ./component/monitoring.nix
    ./component/systemd.nix
  ];
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
      modules =
        optionModules
        ++ lib.optional (kept.services ? ${name}) ./component/service.nix
        ++ lib.optional (kept.servers ? ${name}) ./component/server.nix
        ++ lib.optional (files ? ${name}) files.${name}
        ++ lib.optional (added ? ${name}) added.${name};
    }
  );
  configurations = lib.mapAttrs (
    name: { config, ... }: builtins.addErrorContext "while evaluating ${fileOf name}" config
  ) evaluated;

  # Where a component is defined; a service without its own file is defined by platform/services.toml alone.
  fileOf =
    name:
    if files ? ${name} then
      "nix/components/${name}.nix"
    else if kept.services ? ${name} then
      "platform/services.toml: ${name}"
    else
      platform.fileOf "components" name;
  # Where an option of a component has its value from, or the attribute KEY of that value.
  at =
    name: option:
    {
      key ? null,
    }:
    let
      definitions =
        lib.filter ({ value, ... }: key == null || value ? ${key})
          (lib.attrByPath option { } evaluated.${name}.options).definitionsWithLocations or [ ];
      shown = lib.showOption (option ++ lib.optional (key != null) key);
      via = ", via option components.${name}";
      show =
        { file, ... }:
        if lib.hasSuffix via file then
          "${place (lib.removeSuffix via file)}: components.${name}.${shown}"
        else
          "${place file}: ${shown}";
    in
    if definitions == [ ] then
      fileOf name
    else
      lib.concatStringsSep ", " (lib.unique (map show definitions));
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
      { config, options, ... }:
      lib.optional (
        config.package == null && config.image.reference == null
      ) "${fileOf name}: the option package needs a value, or image.reference"
      ++ map (problem: "${fileOf name}: ${problem}") (
        import ./missing.nix lib (
          # Nothing waits for a CronJob.
          removeAttrs options (lib.optional (config.cluster.workload == "CronJob") "ready")
        )
      )
      ++ lib.concatLists (
        lib.mapAttrsToList (
          alert: _:
          map (value: "${at name [ "alerts" ] { key = alert; }}: the option ${value} needs a value") (
            missingInAlert options.alerts.definitionsWithLocations alert config.alerts.${alert}
          )
        ) config.alerts
      )
    ) evaluated
  );
  # The values that no definition of an alert has, and that have no default.
  missingInAlert =
    definitions: name: alert:
    lib.filter (
      value:
      !(lib.any (definition: definition.value ? ${name}.${value}) definitions)
      && !(builtins.tryEval alert.${value}).success
    ) (lib.attrNames alert);
  unknown =
    map (name: "${platform.at "without"}: there is no component ${name}") (
      lib.subtractLists (lib.attrNames (
        registry.services // registry.servers // allFiles // platform.config.components
      )) without
    )
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: component:
        let
          others = lib.subtractLists (lib.attrNames evaluated);
          ports =
            option: named:
            map (port: "${at name option { }}: it has no port ${port}") (
              lib.subtractLists (lib.attrNames component.ports) named
            );
        in
        map (other: "${at name [ "talksTo" ] { key = other; }}: ${absence other}") (
          others (lib.attrNames component.talksTo)
        )
        ++ map (other: "${at name [ "cluster" "beside" ] { }}: ${absence other}") (
          others (lib.optional (component.cluster.beside != null) component.cluster.beside)
        )
        ++ map (other: "${at name [ "startsAfter" ] { }}: ${absence other}") (others component.startsAfter)
        ++ ports [ "ready" "port" ] (
          lib.optional (component.cluster.workload != "CronJob") component.ready.port
        )
        ++ ports [ "metrics" ] (lib.optional (component.metrics != null) component.metrics)
        ++ ports [ "entrances" ] component.entrances
        ++ ports [ "image" "ports" ] component.image.ports
        ++ map (topic: "${at name [ "consumes" ] { }}: there is no topic ${topic}") (
          lib.subtractLists (lib.attrNames topics) component.consumes
        )
      ) configurations
    );
  absence =
    other:
    if lib.elem other without then
      "${other} is left out by ${platform.at "without"}"
    else
      "there is no component ${other}";
  closed = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      lib.concatLists (
        lib.mapAttrsToList (
          other: ports:
          map (port: "${at name [ "talksTo" ] { key = other; }}: ${other} has no port ${port}") (
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
        consumes,
        ports,
        resources,
        state,
        tasksAfter,
        ...
      }:
      let
        inherit (cluster)
          autoscaling
          backup
          beside
          memberPorts
          memory
          replicas
          schedule
          workload
          ;
        isCronJob = workload == "CronJob";
        scale = lib.head (lib.attrValues autoscaling);
        pods = import ./component/pods.nix lib cluster;
        complain = option: problem: "${at name option { }}: ${problem}";
      in
      lib.optional (memory.request > memory.limit) (
        complain [
          "cluster"
          "memory"
          "request"
        ] "it requests ${toString memory.request} MiB, more than its limit of ${toString memory.limit} MiB"
      )
      ++ lib.optional (resources.memory != null && resources.memory >= memory.limit) (
        complain [ "cluster" "memory" "limit" ]
          "its limit of ${toString memory.limit} MiB must exceed its own of ${toString resources.memory} MiB"
      )
      ++ lib.optionals (beside != null) (inPodOf beside name)
      ++ lib.optional (state && workload == "Deployment") (
        complain [ "cluster" "workload" ] "it keeps state, so it needs a StatefulSet"
      )
      ++ lib.optional (state && workload == "DaemonSet") (
        complain [ "cluster" "workload" ] "it keeps state, so it can't be a DaemonSet"
      )
      ++ lib.optional (state && isCronJob) (
        complain [ "cluster" "workload" ] "it keeps state, so it can't be a CronJob"
      )
      ++ lib.optional (isCronJob && schedule == null) (
        complain [ "cluster" "workload" ] "it is a CronJob, so cluster.schedule needs a value"
      )
      ++ lib.optional (!isCronJob && schedule != null) (
        complain [ "cluster" "schedule" ] "it is a ${workload}, and only a CronJob has a schedule"
      )
      ++ lib.optional (isCronJob && ports != { }) (
        complain [ "ports" ] "it is a CronJob, which ends by itself, so it can't have ports"
      )
      ++ lib.optional (isCronJob && replicas > 1) (
        complain [ "cluster" "replicas" ] "it is a CronJob, so it can't have ${toString replicas} replicas"
      )
      ++ lib.optional (backup && !state) (
        complain [ "cluster" "backup" ] "it keeps no state, so there is nothing to back up"
      )
      ++ lib.optional (backup && memberPorts != [ ]) (
        complain [
          "cluster"
          "backup"
        ] "its members write to several volumes, which can't be copied at the same moment"
      )
      ++ lib.optional (workload == "DaemonSet" && replicas > 1) (
        complain [
          "cluster"
          "replicas"
        ] "it is a DaemonSet, which has one pod per node, so it can't have ${toString replicas} replicas"
      )
      ++ lib.optional (workload == "StatefulSet" && memberPorts == [ ] && replicas > 1) (
        complain [
          "cluster"
          "replicas"
        ] "it is a StatefulSet, so it can't have ${toString replicas} pods: only one may run at a time"
      )
      ++ lib.optional (autoscaling != null && workload != "Deployment") (
        complain [ "cluster" "autoscaling" ] "it is a ${workload}, so nothing can scale it"
      )
      ++ lib.optional (autoscaling != null && scale.minimum > scale.maximum) (
        complain [ "cluster" "autoscaling" ]
          "it scales from ${toString scale.minimum} to ${toString scale.maximum} pods: the minimum must not exceed the maximum"
      )
      ++ map (
        topic:
        complain
          [
            "cluster"
            (
              if workload == "DaemonSet" then
                "nodes"
              else if autoscaling == null then
                "replicas"
              else
                "autoscaling"
            )
          ]
          "${toString pods} pods can't share ${topic}, which has ${
            toString topics.${topic}.partitions
          } partitions"
      ) (lib.filter (topic: pods > topics.${topic}.partitions) consumes)
      ++
        map (task: complain [ "tasksAfter" ] "its task ${task} has the name of another component or task")
          (
            lib.intersectLists (lib.attrNames tasksAfter) (
              lib.attrNames evaluated
              ++ lib.concatMap (other: lib.attrNames other.tasksAfter) (
                lib.attrValues (removeAttrs configurations [ name ])
              )
            )
          )
    ) configurations
  );
  # What a component in the pod of another one can't have.
  inPodOf =
    host: name:
    let
      inherit (configurations.${host}.cluster) beside external workload;
      hasDefault =
        option:
        (lib.getAttrFromPath option evaluated.${name}.options).highestPrio == (lib.mkOptionDefault null)
        .priority;
    in
    lib.optional (beside != null || external != null || workload == "CronJob")
      "${at name [ "cluster" "beside" ] { }}: ${host} has no pod of its own that runs all the time"
    # A Service finds a port of the pod by its name.
    ++
      map
        (
          port:
          "${at name [ "ports" ] { key = port; }}: ${host}, in whose pod it runs, has a port ${port} as well"
        )
        (
          lib.intersectLists (lib.attrNames configurations.${name}.ports) (
            lib.attrNames configurations.${host}.ports
          )
        )
    ++ map (option: "${at name option { }}: it runs in the pod of ${host}, which decides on this") (
      lib.filter (option: !hasDefault option) (
        [ [ "state" ] ]
        ++ map (option: [ "cluster" ] ++ option) [
          [ "workload" ]
          [ "replicas" ]
          [ "memberPorts" ]
          [ "autoscaling" ]
          [ "before" ]
          [ "scratch" ]
          [
            "access"
            "namespace"
          ]
          [
            "access"
            "cluster"
          ]
          [ "terminationSeconds" ]
        ]
      )
    );
  # Alerts and dashboards of metrics that nobody exposes.
  unmeasured =
    let
      inherit (import ./component/metrics.nix { inherit lib; }) named expressions;
      known = lib.genAttrs (
        lib.importJSON ../platform/metrics.json
        ++ lib.concatMap (
          { exports, ... }:
          lib.concatMap (
            metric:
            [ metric ]
            ++ map (part: "${metric}_${part}") [
              "bucket"
              "count"
              "sum"
            ]
          ) exports
        ) (lib.attrValues configurations)
      ) (_: true);
      complain =
        place: queries:
        map (metric: "${place}: no component exports the metric ${metric}") (
          lib.filter (metric: !known ? ${metric}) (lib.unique (lib.concatMap named queries))
        );
    in
    lib.concatLists (
      lib.mapAttrsToList (
        name:
        { alerts, dashboards, ... }:
        lib.concatLists (
          lib.mapAttrsToList (
            alert: { expr, ... }: complain (at name [ "alerts" ] { key = alert; }) [ expr ]
          ) alerts
          ++ lib.mapAttrsToList (
            board: file:
            complain (at name [ "dashboards" ] { key = board; }) (expressions (lib.importJSON file))
          ) dashboards
        )
      ) configurations
    );
  # Those that need no cluster can run on one host, where each service has its own admin port.
  taken =
    let
      ports = lib.concatLists (
        lib.mapAttrsToList (
          name: component:
          lib.mapAttrsToList (port: number: {
            place = at name [ "ports" ] { key = port; };
            port = toString number;
          }) (onOneHost name component)
        ) (lib.filterAttrs (_: component: !component.cluster.only) configurations)
      );
    in
    map
      (
        sharing:
        "port ${(lib.head sharing).port} is claimed by each of ${
          lib.concatMapStringsSep ", " ({ place, ... }: place) sharing
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
      port: number: if port == "admin" then number + registry.services.${name}.place or 0 else number
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
        unmeasured
        (taken ++ circular)
      ];

  checked = lib.throwIf (problems != [ ]) (lib.concatStringsSep "\n" problems) configurations;
  # A component without a package has an image only.
  withoutCluster = lib.filterAttrs (
    _: component: !component.cluster.only && component.package != null
  ) checked;
in
{
  inherit problems optionModules;

  # The components by name; fails if there are problems.
  components = checked;

  # Those that also run without a cluster, and talk to each other only.
  withoutCluster = lib.mapAttrs (
    _: component:
    component
    // {
      talksTo = lib.intersectAttrs withoutCluster component.talksTo;
      startsAfter = lib.intersectLists (lib.attrNames withoutCluster) component.startsAfter;
    }
  ) withoutCluster;

  # The components that the platform leaves out.
  inherit (platform.config) without;

  # The names, each after those of the components that it needs.
  order = sorted.result;

  # The ports of one component if all share a host.
  inherit onOneHost;
}
