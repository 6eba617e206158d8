{ lib, ... }:
{
  imports = [ ./checkout.nix ];
  components.checkout.cluster.memory.limit = lib.mkForce 16;
}
