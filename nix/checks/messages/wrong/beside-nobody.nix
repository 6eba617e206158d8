{
  imports = [ ./checkout.nix ];
  components.checkout.cluster.beside = "shop";
}
