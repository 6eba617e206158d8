{
  imports = [ ./checkout.nix ];
  components.checkout.metrics = "admin";
}
