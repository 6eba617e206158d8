# What a new cluster gets from its node image, as documents that kind applies: two of them, since kind knows two.
{
  lib,
  images,
  serviceSubnet,
}:
let
  objects = import ./objects.nix { inherit lib; };
  imageOf = name: images.nameOf images.${name};
in
lib.mapAttrs (_: objects.document) {
  network = import ./network.nix { inherit objects imageOf serviceSubnet; };
  storage =
    import ./storage.nix { inherit objects imageOf; }
    ++ import ./metrics.nix { inherit objects imageOf; };
}
