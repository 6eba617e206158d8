# Prometheus's folder of rules: rules/, and what follows from the SLOs and the alerts of components.
{
  lib,
  nixpkgs,
  services,
  components,
}:
let
  yaml = import ../render/yaml.nix { inherit lib; };
  folder = ../../rules;
  slos = lib.concatMap (component: component.slos) (lib.attrValues components);

  rule =
    alert:
    {
      expr,
      for,
      keepFiringFor,
      severity,
      summary,
      description,
      runbook,
    }:
    {
      inherit alert for;
      expr = lib.trim expr;
      keep_firing_for = keepFiringFor;
      labels = {
        inherit severity;
        # Alertmanager's routes and the console know alerts by these.
        source = "tidewatch";
        path = "slow";
      };
      annotations = {
        inherit summary description;
        runbook_url = runbook;
      };
    };
  ofAlerts = lib.concatMapAttrs (
    name:
    { alerts, ... }:
    lib.optionalAttrs (alerts != { }) {
      "${name}-alerts.yaml" = nixpkgs.writeText "${name}-alerts.yaml" (yaml {
        groups = [
          {
            name = "${name}-alerts";
            rules = lib.mapAttrsToList rule alerts;
          }
        ];
      });
    }
  ) components;
  # All SLOs share some groups, so they are generated together.
  ofSlos = lib.optionalAttrs (slos != [ ]) {
    "slos.yaml" = nixpkgs.runCommandLocal "slos.yaml" { nativeBuildInputs = [ services.tidewatch ]; } ''
      tidewatch slo generate --out $out ${../../docs/slos} ${lib.escapeShellArgs slos}
    '';
  };
  added = ofAlerts // ofSlos;
in
if added == { } then
  { source = folder; }
else
  {
    paths =
      lib.mapAttrs (file: _: folder + "/${file}") (
        lib.filterAttrs (_: kind: kind == "regular") (builtins.readDir folder)
      )
      // added;
  }
