{ lib, ... }:
{
  imports = [ ./checkout.nix ];
  components.checkout.image.reference = lib.mkForce null;
}
