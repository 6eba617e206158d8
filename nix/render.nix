# `nix run .#render`: writes the Kubernetes objects of every profile to k8s/PROFILE.
{
  nixpkgs,
  rendered,
}:
nixpkgs.writeShellApplication {
  name = "render";
  meta.description = "Write the Kubernetes objects of every profile to k8s/PROFILE";
  runtimeInputs = [
    nixpkgs.coreutils
    nixpkgs.git
  ];
  text = ''
    cd "$(git rev-parse --show-toplevel)"
    rm -rf k8s
    cp --recursive --dereference --no-preserve=mode ${nixpkgs.linkFarm "k8s" rendered} k8s
  '';
}
