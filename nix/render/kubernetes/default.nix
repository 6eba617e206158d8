# A profile as a folder for kustomize: one object per file, in a folder per component, and the files that its pods read.
{
  lib,
  nixpkgs,
  workspace,
  # whether the images were loaded into the nodes, so none of them comes from a registry
  loaded ? false,
}:
profile:
{
  namespace,
  addresses,
  storageClass,
  monitoring,
  edge,
  ...
}@settings:
let
  # What runs elsewhere has no objects.
  components = lib.filterAttrs (_: component: component.cluster.external == null) settings.components;
  yaml = import ../yaml.nix { inherit lib; };
  labels = name: { "app.kubernetes.io/name" = name; };
  # For tasks, and for containers that state no figures.
  small = {
    cpu = 50;
    memory = {
      request = 64;
      limit = 128;
    };
    scratch = 64;
  };
  pod = import ./pod.nix {
    inherit
      lib
      labels
      loaded
      workspace
      ;
  };
  network = import ./network.nix {
    inherit
      lib
      addresses
      components
      edge
      labels
      ;
    all = settings.components;
  };
  waves = import ./waves.nix { inherit lib components; };
  accessOf = import ./rbac.nix { inherit lib labels namespace; };
  filesOf = import ./files.nix { inherit lib addresses yaml; };

  # The tasks of all components: those with the command line's image, and those with the component's own.
  tasks =
    lib.concatMapAttrs (
      _: component:
      lib.mapAttrs (
        _:
        {
          arguments,
          cluster,
          ...
        }:
        {
          inherit arguments;
          inherit (cluster)
            image
            environment
            variables
            fields
            mounts
            ;
          inherit (small) memory;
        }
      ) component.tasksAfter
    ) settings.components
    // lib.concatMapAttrs (
      name: component:
      lib.mapAttrs (
        _: task:
        task
        // {
          inherit (component.cluster) image;
          configMap = configMapOf name component;
          memory = {
            request = task.memory;
            limit = task.memory;
          };
        }
      ) component.cluster.tasks
    ) components;
  monitors = import ./monitoring.nix {
    inherit
      lib
      nixpkgs
      components
      labels
      monitoring
      ;
    rules = settings.components.prometheus.files.rules addresses;
  };
  outer = import ./edge.nix {
    inherit
      lib
      components
      labels
      edge
      ;
  };

  # Those that run in the pod of this one.
  besidesOf = name: lib.filterAttrs (_: { cluster, ... }: cluster.beside == name) components;

  # The volume with the files that a component reads, if there are any.
  configMapOf =
    name: component:
    let
      files = filesOf component;
    in
    lib.optional (files != [ ]) {
      path = "/etc/tidewatch";
      volume = {
        name = if component.cluster.beside == null then "files" else "${name}-files";
        configMap = {
          inherit name;
          items = map ({ key, path, ... }: { inherit key path; }) files;
        };
      };
    };
  # The template of a component's pods, with what its kind of workload adds.
  podOf =
    name: component: added:
    pod (
      {
        inherit name;
        inherit (component.cluster)
          image
          cpu
          memory
          scratch
          variables
          fields
          mounts
          ;
        inherit (component.image) reference;
        arguments = component.cluster.arguments addresses;
        environment = component.cluster.environment addresses;
        before = lib.mapAttrs (_: arguments: arguments addresses) component.cluster.before;
        token = component.cluster.access.namespace ++ component.cluster.access.cluster != [ ];
        volumes = configMapOf name component;
      }
      // added
    );
  workloadOf =
    name: component:
    if component.cluster.workload == "CronJob" then
      import ./cronjob.nix {
        inherit labels name component;
        pod = podOf name component;
      }
    else
      import ./workload.nix {
        inherit
          lib
          addresses
          labels
          name
          component
          storageClass
          ;
        besides = besidesOf name;
        pod = podOf;
        inherit (network) portsOf;
      };
  accountOf = name: {
    apiVersion = "v1";
    kind = "ServiceAccount";
    metadata = {
      inherit name;
      labels = labels name;
    };
    automountServiceAccountToken = false;
  };

  # Whether a component or task has pods of its own.
  hasPods = name: components.${name}.cluster.beside or null == null;

  # The objects of the namespace, and those of each component and task, by folder and file.
  common =
    import ./namespace.nix {
      inherit
        lib
        components
        tasks
        small
        ;
    } namespace
    ++ network.common
    ++ outer.common;
  folders =
    lib.mapAttrs (
      name: component:
      let
        pod = import ../../component/pod-of.nix name component;
      in
      import ./service.nix {
        inherit
          lib
          labels
          name
          component
          pod
          ;
        host = components.${pod};
        ports = network.portsOf name;
      }
      // monitors.monitorOf name
      // outer.routeOf name
      // lib.optionalAttrs (hasPods name) (workloadOf name component // accessOf name component)
    ) components
    // lib.mapAttrs (
      name: task:
      import ./task.nix {
        inherit
          lib
          addresses
          labels
          pod
          name
          small
          task
          ;
      }
    ) tasks;

  file = { kind, metadata, ... }: "${lib.toLower kind}-${metadata.name}.yaml";
  placed =
    map (object: {
      path = file object;
      object = waves.annotate waves.common object;
    }) common
    ++ lib.concatLists (
      lib.mapAttrsToList (
        name: objects:
        lib.mapAttrsToList
          (file: object: {
            path = "${name}/${file}.yaml";
            object = waves.annotate (
              if object.kind == "Job" then
                waves.ofJob
              else if tasks ? ${name} then
                waves.ofTask
              else
                waves.ofComponent name
            ) object;
          })
          (
            lib.optionalAttrs (hasPods name) { serviceaccount = accountOf name; }
            // objects
            // network.policyOf name
          )
      ) folders
    );
  configured = lib.filterAttrs (_: files: files != [ ]) (lib.mapAttrs (_: filesOf) components);

  # Where the images are, if `nix run .#push` has pushed them for this profile.
  pushed = ../../../k8s + "/${profile}/images.yaml";
  isPushed = !loaded && builtins.pathExists pushed;

  kustomization = {
    apiVersion = "kustomize.config.k8s.io/v1beta1";
    kind = "Kustomization";
    inherit namespace;
    # One label selects everything, pods too.
    labels = [
      {
        pairs."app.kubernetes.io/part-of" = "tidewatch";
        includeTemplates = true;
      }
    ];
    resources = lib.naturalSort (map ({ path, ... }: path) (placed ++ monitors.rules));
    # The name of a generated ConfigMap has a hash of its contents, so a change replaces the pods that read it.
    configMapGenerator = lib.mapAttrsToList (
      name: files:
      lib.optionalAttrs (waves.ofComponent name != { }) {
        options.annotations = waves.ofComponent name;
      }
      // {
        inherit name;
        files = map ({ key, path, ... }: "${key}=${name}/files/${path}") files;
      }
    ) configured;
  }
  // lib.optionalAttrs isPushed { transformers = [ "images.yaml" ]; };
  generated =
    value:
    nixpkgs.writeText "generated.yaml" "# Generated by `nix run .#render`; changes are lost.\n${yaml value}";
in
nixpkgs.linkFarm "k8s-${profile}" (
  [
    {
      name = "kustomization.yaml";
      path = generated kustomization;
    }
  ]
  ++ map (
    { path, object }:
    {
      name = path;
      path = generated object;
    }
  ) placed
  ++ map (
    { path, file }:
    {
      name = path;
      path = file;
    }
  ) monitors.rules
  ++ lib.optional isPushed {
    name = "images.yaml";
    path = pushed;
  }
  ++ lib.concatLists (
    lib.mapAttrsToList (
      name:
      map (
        { path, contents, ... }:
        {
          name = "${name}/files/${path}";
          path =
            if contents ? source then contents.source else nixpkgs.writeText (baseNameOf path) contents.text;
        }
      )
    ) configured
  )
)
// rec {
  objects = map ({ object, ... }: object) placed;
  # the namespaces and the kinds of all objects, for Argo CD
  namespaces = lib.unique (
    [ namespace ]
    ++ lib.concatMap (
      object: lib.optional (object.metadata ? namespace) object.metadata.namespace
    ) objects
  );
  kinds = lib.unique (
    map
      (
        { apiVersion, kind, ... }:
        {
          group = if lib.hasInfix "/" apiVersion then lib.head (lib.splitString "/" apiVersion) else "";
          inherit kind;
        }
      )
      (
        lib.sortOn ({ kind, ... }: kind) (
          objects
          ++ lib.optional (configured != { }) {
            apiVersion = "v1";
            kind = "ConfigMap";
          }
          ++ lib.optional (monitors.rules != [ ]) {
            apiVersion = "monitoring.coreos.com/v1";
            kind = "PrometheusRule";
          }
        )
      )
  );
  # the names of the images that the flake builds for it
  images = lib.unique (
    map ({ cluster, ... }: cluster.image) (
      lib.filter ({ image, ... }: image.reference == null) (lib.attrValues components)
    )
    ++ map ({ image, ... }: image) (lib.attrValues tasks)
  );
}
