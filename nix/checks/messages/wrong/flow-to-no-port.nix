{
  imports = [ ./checkout.nix ];
  components.checkout.talksTo.loki = [ "https" ];
}
