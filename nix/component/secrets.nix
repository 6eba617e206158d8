# Options of components and tasks: what a pod gets from Secrets, and from its own description.
{ lib }:
let
  inherit (lib) mkOption types;
  secret = mkOption {
    type = types.nonEmptyStr;
    description = "The name of the Secret.";
  };
in
{
  variables = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          inherit secret;
          key = mkOption {
            type = types.nonEmptyStr;
            default = "password";
            description = "The key in the Secret.";
          };
          generated = mkOption {
            type = types.bool;
            default = true;
            description = "Whether `nix run .#secrets` invents the value if there is no such Secret.";
          };
        };
      }
    );
    default = { };
    description = "Environment variables from Secrets. Other variables and the arguments may refer to them by $(NAME).";
  };

  fields = mkOption {
    type = types.attrsOf types.nonEmptyStr;
    default = { };
    description = "Environment variables from the pod's own description: paths such as metadata.name.";
  };

  mounts = mkOption {
    type = types.attrsOf (
      types.submodule {
        options = {
          inherit secret;
          path = mkOption {
            type = types.strMatching "/.*";
            description = "The folder in which the pod finds the keys as files.";
          };
          keys = mkOption {
            type = types.nonEmptyListOf types.str;
            description = "The keys; the pod doesn't get any other.";
          };
          automatic = mkOption {
            type = types.bool;
            default = false;
            description = "Whether something in the cluster makes the Secret, such as cert-manager.";
          };
        };
      }
    );
    default = { };
    description = "Files from Secrets, by the name of the volume.";
  };
}
