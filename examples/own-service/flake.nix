{
  description = "A shop that runs on Tidewatch, with a service of its own";

  inputs.tidewatch.url = "github:tidewatch/tidewatch";

  outputs =
    { tidewatch, ... }:
    let
      system = "x86_64-linux";
      platform = tidewatch.lib.evaluate {
        inherit system;
        modules = [ ./platform.nix ];
      };
    in
    {
      packages.${system} = { inherit (platform.packages) image-checkout k8s; };
      apps.${system} = { inherit (platform.apps) local render; };
      checks.${system} = {
        inherit (platform.checks) local;
        k8s = platform.compare ./k8s;
      };
    };
}
