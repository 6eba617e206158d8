# A platform: our components with additions and changes, and profiles. The flake's own has only the profiles of
# nix/profiles; another flake gives modules to `lib.evaluate`.
{
  lib,
  # for the modules of another flake: nixpkgs, and this flake
  pkgs,
  tidewatch,
  modules,
}:
let
  place = import ./place.nix { inherit lib; };
in
rec {
  optionModules = [ ./platform/options.nix ];

  evaluated = lib.evalModules {
    class = "platform";
    specialArgs = { inherit pkgs tidewatch; };
    modules = optionModules ++ map (lib.setDefaultModuleLocation "an element of `modules`") modules;
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
