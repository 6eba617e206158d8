# Grafana's folder of dashboards: dashboards/, and those of components.
{ lib, components }:
let
  folder = ../../dashboards;
  added = lib.mapAttrs' (name: lib.nameValuePair "${name}.json") (
    lib.concatMapAttrs (_: component: component.dashboards) components
  );
in
if added == { } then
  { source = folder; }
else
  { paths = lib.mapAttrs (file: _: folder + "/${file}") (builtins.readDir folder) // added; }
