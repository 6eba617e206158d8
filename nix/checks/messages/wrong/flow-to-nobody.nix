{
  imports = [ ./checkout.nix ];
  components.checkout.talksTo.payments = [ "http" ];
}
