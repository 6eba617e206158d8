{
  imports = [ ./checkout.nix ];
  components.checkout.ports.other = 3100;
}
