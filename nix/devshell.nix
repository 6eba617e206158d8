# `nix develop`: everything that a contributor needs, and a list of the most important commands.
{
  lib,
  nixpkgs,
  groups,
}:
nixpkgs.mkShell {
  packages =
    lib.concatMap lib.attrValues [
      groups.toolchain
      # `tidewatch up` and the tests find these on PATH
      groups.servers
      groups.containers
      groups.linters
    ]
    ++ [
      nixpkgs.curl
      nixpkgs.jq
      nixpkgs.nodejs
      nixpkgs.process-compose
    ];

  shellHook = ''
    if hook=$(git rev-parse --git-path hooks/pre-commit 2>/dev/null) && [ ! -e "$hook" ]; then
      pre-commit install > /dev/null || echo "the hooks of .pre-commit-config.yaml are not installed: see above" >&2
    fi
    # Only on a terminal: it must not end up in the piped output of `nix develop --command`.
    [ ! -t 1 ] || cat <<'GREETING'

      Tidewatch

      cargo run --release -- up      all of it on this machine, until ctrl-c
      tests/run                      every test
      pre-commit run --all-files     every formatter and linter
      nix run .#local                every server and service as processes of their own
      nix run .#verify               proof that what runs there works
      nix fmt                        formats Rust and Nix
      nix flake check                what CI checks
      nix build .#images             an image of each service

    GREETING
  '';
}
