# examples/own-service, whose flake has this one as its input: what it builds has its service, its rules and its
# changes.
{
  lib,
  nixpkgs,
  # as in the flake's output `lib`
  evaluate,
}:
let
  inherit (nixpkgs.stdenv.hostPlatform) system;
  example = (import ../../examples/own-service/flake.nix).outputs {
    tidewatch.lib.evaluate = arguments: evaluate (arguments // { inherit system; });
  };
  # The example names one system; here it is built for this one.
  k8s = (lib.head (lib.attrValues example.packages)).k8s;

  pulled = evaluate {
    inherit system;
    modules = [
      ../../examples/own-service/platform.nix
      (
        { lib, tidewatch, ... }:
        {
          profiles.production = {
            imports = [ tidewatch.lib.profiles.prod ];
            namespace = lib.mkForce "shop";
          };
          components.checkout = {
            package = lib.mkForce null;
            image.reference = "registry.example/checkout:1.0";
          };
        }
      )
    ];
  };
  facts = {
    "a component of another flake has an image" =
      lib.head (lib.attrValues example.packages) ? image-checkout;
    "an image of a registry is not built" = !(pulled.packages ? image-checkout);
  };
  failures = lib.attrNames (lib.filterAttrs (_: holds: !holds) facts);
in
nixpkgs.runCommandLocal "check-library"
  {
    nativeBuildInputs = [
      nixpkgs.gnugrep
      nixpkgs.jq
      nixpkgs.promtool
    ];
    failures = lib.concatLines failures;
  }
  ''
    [ -z "$failures" ] || { echo "not true: $failures" >&2; exit 1; }
    # has FILE TEXT: fails unless the file has the text
    has() { grep -qF -- "$2" "$1" || { echo "$1 does not have '$2'" >&2; exit 1; }; }

    cd ${k8s}/staging
    has namespace-shop-staging.yaml 'name: shop-staging'
    has checkout/deployment.yaml 'image: "tidewatch/checkout:'
    has prometheus/statefulset.yaml 'storage: "20Gi"'
    has prometheus/files/prometheus.yaml 'job_name: checkout'
    has prometheus/files/rules/checkout-alerts.yaml 'alert: CheckoutFailing'
    has prometheus/files/rules/slos.yaml 'checkout-availability'
    has prometheus/files/rules/slos.yaml 'payment-service-availability'
    promtool check rules prometheus/files/rules/*.yaml
    jq -e '.uid == "shop-checkout"' grafana/files/dashboards/checkout.json
    [ ! -e influxdb ] || { echo "influxdb is left out, but has objects" >&2; exit 1; }
    has ${pulled.packages.k8s}/production/kustomization.yaml 'namespace: shop'
    has ${pulled.packages.k8s}/staging/checkout/deployment.yaml 'image: "registry.example/checkout:1.0"'
    touch $out
  ''
