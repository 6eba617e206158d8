# What the cluster of `nix run .#up` has besides the profile `dev`: ports of its first node, by which this machine
# reaches pages, the hosts for which these answer, and annotations with which another image replaces the pods that run
# it.
{
  lib,
  nixpkgs,
  namespace,
  components,
  # the components that this machine reaches, if the profile has them
  pages,
  # the objects of the profile, as a folder
  profile,
  # for each image, a text that is another one if it consists of something else
  contents,
  podSubnet,
}:
let
  yaml = import ../render/yaml.nix { inherit lib; };
  labels = name: { "app.kubernetes.io/name" = name; };
  open = lib.filterAttrs (name: _: lib.elem name pages) components;

  # Kubernetes gives Services only ports from 30000 on.
  nodePort = port: 30000 + lib.mod port 1000;

  service = name: component: {
    apiVersion = "v1";
    kind = "Service";
    metadata = {
      name = "${name}-outside";
      labels = labels name;
    };
    spec = {
      type = "NodePort";
      selector = labels name;
      ports = map (port: {
        name = port;
        port = component.ports.${port};
        targetPort = port;
        nodePort = nodePort component.ports.${port};
      }) component.entrances;
    };
  };

  # Only from outside of the cluster: pods are held to what their components talk to.
  policy = name: component: {
    apiVersion = "networking.k8s.io/v1";
    kind = "NetworkPolicy";
    metadata = {
      name = "${name}-outside";
      labels = labels name;
    };
    spec = {
      podSelector.matchLabels = labels name;
      policyTypes = [ "Ingress" ];
      ingress = [
        {
          from = [
            {
              ipBlock = {
                cidr = "0.0.0.0/0";
                except = [ podSubnet ];
              };
            }
          ];
          ports = map (port: {
            protocol = "TCP";
            port = component.ports.${port};
          }) component.entrances;
        }
      ];
    };
  };

  # A release's images keep their tag while somebody works on it, so the tag doesn't show that an image is another one.
  annotation = name: component: {
    target = {
      kind = component.cluster.workload;
      inherit name;
    };
    patch = builtins.toJSON (
      [
        {
          op = "add";
          path = "/spec/template/metadata/annotations";
          value."tidewatch/image" = contents.${component.cluster.image};
        }
      ]
      # Otherwise a page in this machine's browser could read it by a name of its own (docs/security.md).
      ++ lib.optional (component.kind == "service" && open ? ${name}) {
        op = "add";
        path = "/spec/template/spec/containers/0/env/-";
        value = {
          name = "ALLOWED_HOST";
          value = name;
        };
      }
    );
  };

  objects =
    lib.mapAttrs' (name: component: {
      name = "service-${name}.yaml";
      value = service name component;
    }) open
    // lib.mapAttrs' (name: component: {
      name = "networkpolicy-${name}.yaml";
      value = policy name component;
    }) open;
  kustomization = {
    apiVersion = "kustomize.config.k8s.io/v1beta1";
    kind = "Kustomization";
    inherit namespace;
    labels = [ { pairs."app.kubernetes.io/part-of" = "tidewatch"; } ];
    resources = [ "profile" ] ++ lib.attrNames objects;
    patches = lib.mapAttrsToList annotation (
      lib.filterAttrs (_: component: component.cluster.beside == null) components
    );
  };

  files = lib.mapAttrs (name: object: nixpkgs.writeText name (yaml object)) (
    objects // { "kustomization.yaml" = kustomization; }
  );
in
{
  # Each port of this machine, with the port of the node that it leads to and the component that answers there.
  ports = lib.concatLists (
    lib.mapAttrsToList (
      name: component:
      map (
        port:
        let
          number = component.ports.${port};
        in
        {
          inherit name number;
          nodePort = nodePort number;
        }
      ) component.entrances
    ) open
  );

  # Kustomize refuses links that lead out of its folder, so everything is copied.
  folder = nixpkgs.runCommandLocal "k8s-kind" { } ''
    mkdir $out
    cp -rL ${profile} $out/profile
    ${lib.concatStringsSep "\n" (lib.mapAttrsToList (name: file: "cp ${file} $out/${name}") files)}
  '';
}
