# The profiles of nix/profiles: which components a cluster runs, and where. A mistake is refused with a message that
# names the file.
{
  lib,
  components,
  # more definitions, by name: checks add invalid ones
  added ? { },
}:
let
  inherit (lib) mkOption types;
  files = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (./profiles + "/${file}")
  ) (builtins.readDir ./profiles);
  fileOf = name: "nix/profiles/${name}.nix";

  options = {
    namespace = mkOption {
      type = types.strMatching "[a-z]([a-z0-9-]*[a-z0-9])?";
      description = "The namespace of every object.";
    };
    without = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "The components that it leaves out. No other may talk to them.";
    };
  };
  profiles = lib.mapAttrs (
    name: definition:
    builtins.addErrorContext "while evaluating ${fileOf name}"
      (lib.evalModules {
        class = "profile";
        modules = [
          { inherit options; }
          definition
        ];
      }).config
  ) (files // added);

  problems = lib.concatLists (
    lib.mapAttrsToList (
      name:
      { without, ... }:
      map (other: "${fileOf name}: there is no component ${other}") (
        lib.subtractLists (lib.attrNames components) without
      )
      ++ lib.concatLists (
        lib.mapAttrsToList (
          client: component:
          map (other: "${fileOf name}: it leaves out ${other}, to which ${client} talks") (
            lib.intersectLists without (lib.attrNames component.talksTo)
          )
        ) (removeAttrs components without)
      )
    ) profiles
  );
in
{
  inherit problems;

  # Each profile's namespace and components by name; fails if there are problems.
  profiles = lib.throwIf (problems != [ ]) (lib.concatStringsSep "\n" problems) (
    lib.mapAttrs (
      _:
      { namespace, without, ... }:
      {
        inherit namespace;
        components = removeAttrs components without;
      }
    ) profiles
  );
}
