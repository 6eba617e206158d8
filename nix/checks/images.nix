# Our images obey the rules of nix/render/image.nix, and `check-images` finds every violation in an image made for this
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
  tls-images = check "tls-images" [ images.checker ] "check-images --limit 22 ${images.tls-images}";

  wrong-images = check "wrong-images" [ images.checker ] ''
    if check-images --limit 1 ${folder} 2> messages; then
      echo "an image that violates every rule was accepted" >&2
      exit 1
    fi
    for sentence in "runs as" "was created at 2026" "has no label title" "does not contain its own program" \
      "contains a shell" "run as another user: .* become-root" "everybody may write: .* open" "more than 1 MB"; do
      grep -qE "^wrong: .*$sentence" messages || { echo "expected a message with '$sentence', got:" >&2; cat messages >&2; exit 1; }
    done
  '';
}
