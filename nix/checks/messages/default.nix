# The messages about wrong platforms: for each wrong/NAME.nix, the file NAME.txt. `nix run .#render` writes them to
# expected/.
{
  lib,
  nixpkgs,
  inputs,
}:
let
  wrong = ./wrong;
  names = map (lib.removeSuffix ".nix") (
    lib.filter (lib.hasSuffix ".nix") (
      lib.attrNames (removeAttrs (builtins.readDir wrong) [ "checkout.nix" ])
    )
  );
  messages =
    nixpkgs.runCommandLocal "messages"
      {
        nativeBuildInputs = [
          nixpkgs.gawk
          nixpkgs.gnused
          nixpkgs.nix
        ];
      }
      ''
        # Nix's own store can't be used in a build.
        export HOME=$TMPDIR NIX_CONF_DIR=$TMPDIR NIX_STATE_DIR=$TMPDIR/state NIX_STORE_DIR=$TMPDIR/store
        mkdir $out
        for name in ${toString names}; do
          if nix-instantiate --eval ${./evaluate.nix} --arg module ${wrong}/$name.nix --arg sources ${../../..} \
            --arg nixpkgs ${inputs.nixpkgs} --arg crane ${inputs.crane} \
            --argstr system ${nixpkgs.stdenv.hostPlatform.system} > log 2>&1; then
            echo "$name.nix is wrong, but was accepted" >&2
            exit 1
          fi
          # The last error is the cause. Files are named as in the store's folder that they are in.
          awk '/^ *error: / { text = ""; cause = 1 } cause { sub(/^       /, ""); text = text $0 "\n" } END { printf "%s", text }' log |
            sed -E 's#/nix/store/[0-9a-z]{32}-[^/]+/##g' > $out/$name.txt
        done
      '';
in
{
  inherit messages;

  check = nixpkgs.runCommandLocal "check-messages" { } ''
    diff --recursive ${./expected} ${messages} || {
      echo "nix/checks/messages/expected differs from the messages: run 'nix run .#render', and commit the result" >&2
      exit 1
    }
    touch $out
  '';
}
