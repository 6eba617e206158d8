# `nix run .#push -- REGISTRY [SERVICE...]`
{
  nixpkgs,
  workspace,
  images,
}:
nixpkgs.writeShellApplication {
  name = "push";
  meta.description = "Push the images of our services to a registry, and print their digests";
  runtimeInputs = [
    nixpkgs.coreutils
    nixpkgs.gzip
    nixpkgs.skopeo
  ];
  text = ''
    IMAGES=${images.images}
    VERSION=${workspace.version}
    ${builtins.readFile ./push.sh}
  '';
}
