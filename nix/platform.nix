# A platform: our components with additions and changes, and profiles. The flake's own has only the profiles of
# nix/profiles; another flake gives modules to `lib.evaluate`.
{
  lib,
  # for the modules of another flake
  pkgs,
  modules,
}:
let
  inherit (lib) mkOption types;
  place = import ./place.nix { inherit lib; };

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
        may talk to them.
      '';
    };
    profiles = mkOption {
      type = types.attrsOf types.deferredModule;
      default = { };
      description = "The ways of running the components in a cluster: the options of each are those of a profile.";
    };
  };
in
rec {
  module = { inherit options; };

  evaluated = lib.evalModules {
    class = "platform";
    specialArgs = { inherit pkgs; };
    modules = [
      module
    ]
    ++ map (lib.setDefaultModuleLocation "an element of `modules`") modules;
  };
  inherit (evaluated) config;

  # Where an option has its value from.
  at =
    option:
    lib.concatMapStringsSep ", " (file: "${place file}: ${option}") evaluated.options.${option}.files;

  # The file that an entry of `components` or `profiles` is from, or null.
  fileOf =
    option: name:
    let
      files =
        map
          (
            definition:
            let
              value = definition.value.${name};
            in
            if lib.isPath value then place value else "${place definition.file}: ${option}.${name}"
          )
          (lib.filter ({ value, ... }: value ? ${name}) evaluated.options.${option}.definitionsWithLocations);
    in
    if files == [ ] then null else lib.concatStringsSep ", " (lib.unique files);
}
