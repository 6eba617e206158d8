# The options of a platform.
{ lib, ... }:
let
  inherit (lib) mkOption types;
in
{
  options = {
    components = mkOption {
      type = types.attrsOf types.deferredModule;
      default = { };
      description = "More components, and changes of those that exist: the options of each are those of a component.";
    };

    without = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = ''
        Components that do not exist at all, with everything that follows from them, such as their scrape jobs. No other
        may depend on them.
      '';
    };

    profiles = mkOption {
      type = types.attrsOf types.deferredModule;
      default = { };
      description = "The ways of running the components in a cluster: the options of each are those of a profile.";
    };

    argocd = mkOption {
      type = types.nullOr (
        types.submodule {
          options = {
            repository = mkOption {
              type = types.nonEmptyStr;
              description = "The URL of the Git repository that has `k8s/`.";
            };
            revision = mkOption {
              type = types.nonEmptyStr;
              default = "main";
              description = "The branch or tag that Argo CD follows.";
            };
            namespace = mkOption {
              type = types.nonEmptyStr;
              default = "argocd";
              description = "The namespace in which Argo CD runs.";
            };
          };
        }
      );
      default = null;
      description = "Where Argo CD finds the profiles; null: `k8s/argocd` is not written.";
    };
  };
}
