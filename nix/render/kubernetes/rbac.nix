# What the account of a component may do, by file: a Role in its namespace, and a ClusterRole, whose name begins with
# the namespace because it is known in the whole cluster.
{
  lib,
  labels,
  namespace,
}:
name:
{ cluster, ... }:
let
  role =
    {
      kind,
      called,
      rules,
    }:
    let
      metadata = {
        name = called;
        labels = labels name;
      };
    in
    {
      ${lib.toLower kind} = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        inherit kind metadata;
        rules = map (
          {
            group,
            resources,
            verbs,
          }:
          {
            apiGroups = [ group ];
            inherit resources verbs;
          }
        ) rules;
      };
      "${lib.toLower kind}binding" = {
        apiVersion = "rbac.authorization.k8s.io/v1";
        kind = "${kind}Binding";
        inherit metadata;
        roleRef = {
          apiGroup = "rbac.authorization.k8s.io";
          inherit kind;
          name = called;
        };
        subjects = [
          {
            kind = "ServiceAccount";
            inherit name namespace;
          }
        ];
      };
    };
in
lib.optionalAttrs (cluster.access.namespace != [ ]) (role {
  kind = "Role";
  called = name;
  rules = cluster.access.namespace;
})
// lib.optionalAttrs (cluster.access.cluster != [ ]) (role {
  kind = "ClusterRole";
  called = "${namespace}-${name}";
  rules = cluster.access.cluster;
})
