# docs/options.md: every option of platforms, components and profiles. An option without a type or a description is an
# error.
{
  lib,
  nixpkgs,
  # sections, each with a title, an introduction, and modules that declare options
  sections,
}:
let
  place = import ./place.nix { inherit lib; };

  # An option and, if it has parts, their options. Exactly one of the `alternatives` of an attrTag has a value.
  # The parts of an attrTag don't know their file, which is that of the option.
  flatten =
    outer: options:
    lib.concatMap (
      option:
      if lib.isOption option then
        let
          declarations =
            if option.declarations == [ "<unknown-file>" ] then outer.declarations else option.declarations;
          inner = {
            alternatives = isTag option.type;
            inherit declarations;
          };
        in
        lib.optionals (option.visible or true && !(option.internal or false)) (
          [
            (
              option
              // {
                inherit (outer) alternatives;
                inherit declarations;
              }
            )
          ]
          ++ flatten inner (removeAttrs (option.type.getSubOptions option.loc) [ "_module" ])
        )
      else
        flatten outer option
    ) (lib.attrValues options);
  top = {
    alternatives = false;
    declarations = [ ];
  };
  # The type itself or what it wraps.
  isTag = type: type.name == "attrTag" || lib.any isTag (lib.attrValues (type.nestedTypes or { }));

  complete =
    option:
    let
      missing =
        lib.optional ((option.description or "") == "") "a description"
        ++ lib.optional ((option.type.name or "unspecified") == "unspecified") "a type"
        ++ lib.optional (option.declarations == [ ]) "a file";
    in
    lib.throwIf (missing != [ ]) "${
      lib.concatMapStringsSep ", " place option.declarations
    }: the option ${lib.showOption option.loc} needs ${lib.concatStringsSep " and " missing}" option;

  default =
    option:
    if option ? defaultText then
      option.defaultText.text or option.defaultText
    else if option ? default then
      "`${lib.generators.toPretty { multiline = false; } option.default}`"
    else if option.alternatives then
      "one of these alternatives has to be given"
    else
      "needs a value";

  entry = option: ''
    ### `${lib.showOption option.loc}`

    ${lib.trim (lib.replaceStrings [ "\n" ] [ " " ] (option.description.text or option.description))}

    - type: ${option.type.description}
    - default: ${default option}
    - declared in ${
      lib.concatMapStringsSep ", " (file: "[${place file}](../${place file})") option.declarations
    }
  '';

  section =
    {
      title,
      text,
      modules,
    }:
    let
      inherit
        (lib.evalModules {
          specialArgs = {
            name = "NAME";
            # No default that is shown comes from it.
            pkgs = { };
          };
          # They may define options of others, such as NixOS's.
          modules = modules ++ [ { _module.check = false; } ];
        })
        options
        ;
    in
    ''
      ## ${title}

      ${text}

    ''
    + lib.concatMapStringsSep "\n" (option: entry (complete option)) (
      flatten top (removeAttrs options [ "_module" ])
    );
in
nixpkgs.writeText "options.md" (
  ''
    # Options

    Generated from the modules in `nix/` by `nix run .#render`; changes are lost.

  ''
  + lib.concatMapStringsSep "\n" section sections
)
