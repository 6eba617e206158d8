# The profiles: which components a cluster runs, and how. A mistake is refused with a message that names the file.
{
  lib,
  # the components and their addresses, of the platform with `more` modules and `links`
  evaluate,
  # by name
  definitions,
  # where the profile NAME is defined
  fileOf,
}:
let
  optionModules = [ ./profile/options.nix ];
  unchanged = evaluate { };
  all = unchanged.components;

  evaluated = lib.mapAttrs (
    _: definition:
    lib.evalModules {
      class = "profile";
      modules = optionModules ++ [ definition ];
    }
  ) definitions;

  profile =
    name:
    { config, options, ... }:
    let
      definition = builtins.addErrorContext "while evaluating ${fileOf name}" config;
      missing = map complain (import ./missing.nix lib options);
      modules = import ./profile/modules.nix { inherit lib all; } definition;
      set = evaluate {
        links = lib.mapAttrs (_: host: "https://${host}") modules.hosts;
        more = [
          {
            _file = fileOf name;
            inherit (definition) without;
            # instead of what the component's own file says
            components = lib.mapAttrs (_: values: {
              cluster = lib.mkOverride 90 values;
            }) definition.components;
          }
          {
            _file = fileOf name;
            components = lib.mapAttrs (_: imports: { inherit imports; }) modules.components;
          }
        ];
      };
      complain = problem: "${fileOf name}: ${problem}";
      own =
        map (other: complain "there is no component ${other}") (
          # An imported profile may name what the platform leaves out.
          lib.subtractLists (lib.attrNames all ++ modules.added ++ unchanged.without) (
            definition.without ++ lib.attrNames definition.components ++ lib.attrNames modules.hosts
          )
        )
        ++ map (other: complain "it changes ${other}, which it leaves out") (
          lib.intersectLists definition.without (lib.attrNames definition.components)
        )
        ++ map complain modules.contradictions;
    in
    {
      problems =
        lib.findFirst (sentences: sentences != [ ])
          [ ]
          [
            missing
            own
            # Some of these name the profile already.
            (map (
              problem: if lib.hasInfix (fileOf name) problem then problem else complain problem
            ) set.problems)
            (map complain (modules.problems set.components))
          ];
      value = definition // {
        inherit (set) components;
        addresses = set.addresses.inNamespace definition.namespace;
        inherit (modules) hosts;
      };
    };
  checked = lib.mapAttrs profile evaluated;
  problems = lib.concatMap ({ problems, ... }: problems) (lib.attrValues checked);
in
{
  inherit problems optionModules;

  # Each profile's options, components and addresses by name; fails if there are problems.
  profiles = lib.throwIf (problems != [ ]) (lib.concatStringsSep "\n" problems) (
    lib.mapAttrs (_: { value, ... }: value) checked
  );
}
