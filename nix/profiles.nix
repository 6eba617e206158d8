# The profiles of nix/profiles: which components a cluster runs, and how. A mistake is refused with a message that names
# the file.
{
  lib,
  # the components and their addresses, from `without`, `added` and `links`
  evaluate,
  # more definitions, by name: checks add invalid ones
  added ? { },
}:
let
  files = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (./profiles + "/${file}")
  ) (builtins.readDir ./profiles);
  fileOf = name: "nix/profiles/${name}.nix";
  all = (evaluate { added = { }; }).components;

  definitions = lib.mapAttrs (
    name: definition:
    builtins.addErrorContext "while evaluating ${fileOf name}"
      (lib.evalModules {
        class = "profile";
        modules = [
          ./profile/options.nix
          definition
        ];
      }).config
  ) (files // added);

  profile =
    name: definition:
    let
      modules = import ./profile/modules.nix { inherit lib all; } definition;
      set = evaluate {
        inherit (definition) without;
        links = lib.mapAttrs (_: host: "https://${host}") modules.hosts;
        added = lib.zipAttrsWith (_: imports: { imports = lib.flatten imports; }) [
          (removeAttrs modules.components definition.without)
          (lib.mapAttrs (
            _: values:
            # instead of what the component's own file says
            lib.setDefaultModuleLocation (fileOf name) { cluster = lib.mkOverride 90 values; }
          ) (removeAttrs definition.components (unknown ++ definition.without)))
        ];
      };
      unknown = lib.subtractLists (lib.attrNames all) (lib.attrNames definition.components);
      complain = problem: "${fileOf name}: ${problem}";
      nobody = map (other: complain "there is no component ${other}");
      own =
        nobody (
          lib.subtractLists (lib.attrNames all) (
            definition.without ++ lib.attrNames definition.components ++ lib.attrNames modules.hosts
          )
        )
        ++ map (other: complain "it changes ${other}, which it leaves out") (
          lib.intersectLists definition.without (lib.attrNames definition.components)
        )
        ++ lib.concatLists (
          lib.mapAttrsToList (
            client:
            { talksTo, ... }:
            map (other: complain "it leaves out ${other}, to which ${client} talks") (
              lib.intersectLists definition.without (lib.attrNames talksTo)
            )
          ) set.unchecked
        );
    in
    {
      problems =
        if own != [ ] then own else map complain (set.problems ++ modules.problems set.components);
      value = definition // {
        inherit (set) components;
        addresses = set.addresses.network;
        inherit (modules) hosts;
      };
    };
  evaluated = lib.mapAttrs profile definitions;
  problems = lib.concatMap ({ problems, ... }: problems) (lib.attrValues evaluated);
in
{
  inherit problems;

  # Each profile's options, components and addresses by name; fails if there are problems.
  profiles = lib.throwIf (problems != [ ]) (lib.concatStringsSep "\n" problems) (
    lib.mapAttrs (_: { value, ... }: value) evaluated
  );
}
