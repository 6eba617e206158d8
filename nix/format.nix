# `nix fmt`: formats the given Rust and Nix files, or all of the repository's.
{ nixpkgs, workspace }:
nixpkgs.writeShellApplication {
  name = "format";
  meta.description = "Format Rust and Nix files";
  runtimeInputs = with nixpkgs; [
    cargo
    findutils
    git
    nixfmt
    rustfmt
  ];
  text = ''
    if [ $# = 0 ]; then
      top=$(git rev-parse --show-toplevel)
      cd "$top"
      cargo fmt --all
      git ls-files -z '*.nix' | xargs -0 nixfmt
      exit
    fi
    for file; do
      case $file in
        *.rs) rustfmt --edition ${workspace.edition} "$file" ;;
        *.nix) nixfmt "$file" ;;
        *) echo "format: $file is neither Rust nor Nix" >&2; exit 64 ;;
      esac
    done
  '';
}
