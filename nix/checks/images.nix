# Our images keep the promises of nix/render/image.nix, and `check-images` finds every fault of an image made for this
# test.
{
  nixpkgs,
  images,
  check,
}:
let
  wrong = nixpkgs.buildLayeredImage {
    name = "wrong";
    tag = "0";
    created = "2026-01-01T00:00:00Z";
    contents = [ nixpkgs.bash ];
    fakeRootCommands = ''
      mkdir -m 777 open
      cp ${nixpkgs.bash}/bin/bash become-root
      chmod 4755 become-root
    '';
    config.Entrypoint = [ "/bin/missing" ];
  };
  folder = nixpkgs.linkFarm "wrong-images" [
    {
      name = "wrong.tar.gz";
      path = wrong;
    }
  ];
in
{
  images = check "images" [ images.checker ] "check-images --limit 15 ${images.images}";

  wrong-images = check "wrong-images" [ images.checker ] ''
    if check-images --limit 1 ${folder} 2> said; then
      echo "an image where everything is wrong passed" >&2
      exit 1
    fi
    for sentence in "runs as" "was created at 2026" "has no label title" "does not hold its own program" \
      "holds a shell" "run as another user: .* become-root" "everybody may write: .* open" "more than 1 MB"; do
      grep -qE "^wrong: .*$sentence" said || { echo "nobody said '$sentence', but:" >&2; cat said >&2; exit 1; }
    done
  '';
}
