# `nix run .#verify`: verifies end to end that the processes of `nix run .#local` work.
{
  lib,
  nixpkgs,
  tidewatch,
  endpoints,
}:
let
  processorPort = lib.last (lib.splitString ":" endpoints.processor);
  target = lib.concatStringsSep "," (lib.mapAttrsToList (name: place: "${name}=${place}") endpoints);
in
nixpkgs.writeShellApplication {
  name = "verify";
  meta.description = "Check end to end that `nix run .#local` detects faults and sends notifications";
  text = ''
    case " $* " in
      *" --help "* | *" -h "* | *" --target"*) ;;
      *)
        if ! (exec 3<> /dev/tcp/127.0.0.1/${processorPort}) 2> /dev/null; then
          echo "verify: nothing answers at ${endpoints.processor}; start it with: nix run .#local" >&2
          exit 1
        fi
        ;;
    esac
    exec ${lib.getExe tidewatch} verify --target ${lib.escapeShellArg target} "$@"
  '';
}
