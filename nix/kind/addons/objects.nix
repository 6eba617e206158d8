# What the objects of the add-ons have in common.
{ lib }:
let
  namespace = "kube-system";
in
rec {
  # A list, as a document that `kubectl create` reads.
  document =
    objects:
    builtins.toJSON {
      apiVersion = "v1";
      kind = "List";
      items = objects;
    };

  # An account with what it may do in the whole cluster.
  account = name: rules: [
    {
      apiVersion = "v1";
      kind = "ServiceAccount";
      metadata = { inherit name namespace; };
    }
    {
      apiVersion = "rbac.authorization.k8s.io/v1";
      kind = "ClusterRole";
      metadata.name = "tidewatch:${name}";
      inherit rules;
    }
    (binding name "ClusterRole" "tidewatch:${name}")
  ];
  binding = name: kind: role: {
    apiVersion = "rbac.authorization.k8s.io/v1";
    kind = "ClusterRoleBinding";
    metadata.name = "tidewatch:${lib.replaceStrings [ ":" ] [ "-" ] role}";
    roleRef = {
      apiGroup = "rbac.authorization.k8s.io";
      inherit kind;
      name = role;
    };
    subjects = [
      {
        kind = "ServiceAccount";
        inherit name namespace;
      }
    ];
  };

  # A workload whose pods run wherever nothing else may, since nothing works without them.
  workload = kind: name: spec: {
    apiVersion = "apps/v1";
    inherit kind;
    metadata = { inherit name namespace; };
    spec = {
      selector.matchLabels.app = name;
      template = {
        metadata.labels.app = name;
        spec = {
          serviceAccountName = name;
          priorityClassName = "system-node-critical";
          tolerations = [ { operator = "Exists"; } ];
        }
        // spec;
      };
    };
  };

  nodeName = {
    name = "NODE_NAME";
    valueFrom.fieldRef.fieldPath = "spec.nodeName";
  };
}
