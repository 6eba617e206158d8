# `nix run .#secrets -- PROFILE`
{
  lib,
  nixpkgs,
  profiles,
}:
let
  # A line per Secret: `generate NAME KEY`, or `provide NAME KEY...`.
  needs =
    { components, ... }:
    let
      pods = lib.concatMap (
        component:
        [ component.cluster ]
        ++ map ({ cluster, ... }: cluster) (lib.attrValues component.tasksAfter)
        ++ lib.attrValues component.cluster.tasks
      ) (lib.attrValues components);
      variables = lib.concatMap ({ variables, ... }: lib.attrValues variables) pods;
      mounts = lib.concatMap ({ mounts, ... }: lib.attrValues mounts) pods;
    in
    lib.naturalSort (
      lib.unique (
        map (
          {
            secret,
            key,
            generated,
          }:
          "${if generated then "generate" else "provide"} ${secret} ${key}"
        ) variables
        # Pods may need different keys of one Secret.
        ++ lib.mapAttrsToList (
          secret: mounts:
          "provide ${secret} ${
            toString (lib.naturalSort (lib.unique (lib.concatMap ({ keys, ... }: keys) mounts)))
          }"
        ) (lib.groupBy ({ secret, ... }: secret) (lib.filter ({ automatic, ... }: !automatic) mounts))
      )
    );
  lists = nixpkgs.linkFarm "secrets" (
    lib.mapAttrsToList (name: profile: {
      inherit name;
      path = nixpkgs.writeText name (lib.concatLines ([ profile.namespace ] ++ needs profile));
    }) profiles.profiles
  );
in
nixpkgs.writeShellApplication {
  name = "secrets";
  meta.description = "Invent the passwords that a profile needs in a cluster, and report the Secrets that are missing";
  runtimeInputs = [
    nixpkgs.coreutils
    nixpkgs.jq
    nixpkgs.kubectl
  ];
  text = ''
    LISTS=${lists}
    ${builtins.readFile ./secrets.sh}
  '';
}
