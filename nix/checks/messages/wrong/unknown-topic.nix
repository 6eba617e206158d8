{
  imports = [ ./checkout.nix ];
  components.checkout.consumes = [ "orders" ];
}
