# The checks of `nix flake check`, besides those of nix/rust.nix: each is a derivation that builds if the check passes.
{
  lib,
  nixpkgs,
  registry,
  componentSet,
  services,
  images,
  sboms,
  apps,
  formatter,
}:
let
  check =
    name: tools: script:
    nixpkgs.runCommandLocal "check-${name}" { nativeBuildInputs = tools; } ''
      cp -r ${../..} sources
      chmod -R u+w sources
      cd sources
      ${script}
      touch $out
    '';
in
import ./images.nix { inherit nixpkgs images check; }
// import ./kubernetes.nix { inherit lib nixpkgs check; }
// {
  # Everything in nix/nixpkgs.nix exists, even if nothing else uses it.
  attributes =
    let
      evaluated = lib.mapAttrs (
        _: value:
        if lib.isDerivation value then builtins.unsafeDiscardStringContext value.drvPath else "a function"
      ) nixpkgs;
    in
    nixpkgs.writeText "attributes.json" (builtins.toJSON evaluated);

  # Each of our programs is one file, and needs nothing else from the store.
  closures = check "closures" [ ] ''
    for closure in ${
      toString (map (service: nixpkgs.closureInfo { rootPaths = [ service ]; }) (lib.attrValues services))
    }; do
      [ "$(wc -l < "$closure/store-paths")" = 1 ] || { echo "more than the program itself:" >&2; cat "$closure/store-paths" >&2; exit 1; }
    done
  '';

  # The programs that `nix run` starts; shellcheck checks each when it is built.
  programs = nixpkgs.linkFarm "programs" (
    lib.mapAttrsToList (name: app: {
      inherit name;
      path = app.program;
    }) (apps // { formatter.program = lib.getExe formatter; })
  );

  # The ports in platform/services.toml are the services' default ports.
  ports = check "ports" [ ] (
    lib.concatStrings (
      lib.mapAttrsToList (name: service: ''
        help=$(${services.${name}}/bin/${name} --help | tr -s ' \n' ' ')
        for port in ${toString ([ registry.adminPort ] ++ lib.optional (service ? page) service.page)}; do
          case $help in
            *"[default: 127.0.0.1:$port]"*) ;;
            *) echo "${name} --help does not have the default port $port of platform/services.toml" >&2; exit 1 ;;
          esac
        done
      '') registry.services
    )
  );

  # docs/nix.md lists the ports of all components.
  ports-documented =
    let
      row =
        name: component:
        let
          ports = lib.mapAttrsToList (port: number: "${port} ${toString number}") (
            componentSet.onOneHost name component
          );
        in
        "| ${name} | ${lib.concatStringsSep ", " ports} |";
      table = nixpkgs.writeText "ports.md" (
        lib.concatLines (lib.mapAttrsToList row componentSet.components)
      );
    in
    check "ports-documented" [ nixpkgs.gnugrep ] ''
      grep -E '^\| [a-z-]+ \| ([a-z-]+ [0-9]+(, )?)+ \|$' docs/nix.md > documented || true
      cmp -s documented ${table} || {
        echo "the table of ports in docs/nix.md has to be:" >&2
        cat ${table} >&2
        exit 1
      }
    '';

  # docs/own-kafka.md lists the rights that nix/kafka/access.nix gives.
  access-documented =
    let
      list = names: lib.concatMapStringsSep ", " (name: "`${name}`") names;
      cell = names: if names == [ ] then "" else " ${list names}";
      row =
        name:
        {
          writes ? [ ],
          reads ? [ ],
          groups ? [ ],
        }:
        "| ${
          if name == "workload-simulator" then "your services" else name
        } |${cell writes} |${cell reads} |${cell groups} |";
      rows = nixpkgs.writeText "access.md" (
        lib.concatLines (lib.mapAttrsToList row (import ../kafka/access.nix))
      );
    in
    check "access-documented" [ nixpkgs.gnugrep ] ''
      while read -r row; do
        grep -qF "$row" docs/own-kafka.md || {
          echo "docs/own-kafka.md needs this row in the table of access rights: $row" >&2
          exit 1
        }
      done < ${rows}
    '';

  sboms = check "sboms" [ nixpkgs.jq ] ''
    for bill in ${sboms.sboms}/*.cdx.json; do
      jq -e '.bomFormat == "CycloneDX" and ([.components[] | select(.type == "library")] | length > 100)
        and any(.components[]; .type == "application") and (.components | map(."bom-ref") | length == (unique | length))' "$bill" > /dev/null ||
        { echo "$bill is not a bill of materials" >&2; exit 1; }
    done
  '';

  rules = check "rules" [ nixpkgs.promtool ] ''
    promtool check rules rules/*.yaml rules/kubernetes/*.yaml rules/thanos/*.yaml
    promtool test rules rules/tests/*.yaml
  '';

  alertmanager = check "alertmanager" [
    nixpkgs.prometheus-alertmanager
  ] "amtool check-config alertmanager/*.yaml";

  scripts = check "scripts" [
    nixpkgs.shellcheck
    nixpkgs.findutils
    nixpkgs.gnugrep
  ] "grep -rlE '^#!.*sh' .ci runbooks tests | xargs shellcheck";

  # What `nix run .#up` refuses, and what it says about pods that don't come up.
  cluster =
    check "cluster"
      (with nixpkgs; [
        busybox
        gawk
        jq
        shellcheck
      ])
      ''
        shellcheck --shell=bash nix/cluster/test.sh
        bash -o errexit -o nounset -o pipefail nix/cluster/test.sh nix/cluster
      '';

  workflows = check "workflows" [
    nixpkgs.actionlint
    nixpkgs.shellcheck
  ] "actionlint -no-color .github/workflows/*.yaml";

  nix =
    check "nix"
      [
        nixpkgs.nixfmt
        nixpkgs.statix
        nixpkgs.deadnix
        nixpkgs.findutils
      ]
      ''
        find flake.nix nix examples -name '*.nix' -exec nixfmt --check {} +
        statix check .
        deadnix --fail flake.nix nix examples
      '';

  yaml = check "yaml" [ nixpkgs.yamllint ] "yamllint --strict .";

  spelling = check "spelling" [ nixpkgs.typos ] "typos";
}
