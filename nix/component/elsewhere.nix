# Options that say where something outside of a profile is: NetworkPolicies allow connections to there.
{ lib }:
let
  inherit (lib) mkOption types;
in
{
  networks = mkOption {
    type = types.nonEmptyListOf types.str;
    default = [ "0.0.0.0/0" ];
    description = "The networks (CIDR) of its addresses, if it is outside of the cluster.";
  };
  namespace = mkOption {
    type = types.nullOr types.nonEmptyStr;
    default = null;
    description = "The namespace of its pods, if it is in the same cluster.";
  };
}
