# docs/topology.md: who talks to whom in the profile `dev`, as a drawing and a table, and what is different in the others.
{
  lib,
  nixpkgs,
  # each with its components and addresses
  profiles,
}:
let
  inherit (import ./component/flows.nix lib) flowsOf outsideOf;
  inherit (profiles.dev) components;

  # Prometheus scrapes nearly everything, which would hide the rest of the drawing. If it names the port of metrics
  # twice, it has another reason to talk to it.
  isScrape =
    {
      from,
      to,
      port,
    }:
    from == "prometheus"
    && port == components.${to}.metrics
    && lib.count (other: other == port) components.${from}.talksTo.${to} == 1;
  drawn = lib.filter (flow: !isScrape flow) (flowsOf components);

  services = lib.attrNames (lib.filterAttrs (_: { kind, ... }: kind == "service") components);
  others = lib.subtractLists services (
    lib.unique (
      lib.concatMap (
        { from, to, ... }:
        [
          from
          to
        ]
      ) drawn
    )
  );
  # A server, or a task.
  shape = name: if components ? ${name} then "${name}{{${name}}}" else "${name}([${name}])";

  # To what all services talk, one arrow leads from their frame.
  arrowsTo =
    to: flows:
    let
      from = lib.unique (map ({ from, ... }: from) flows);
      ofAll = lib.subtractLists from services == [ ];
    in
    map (from: "${from} --> ${to}") (
      lib.optional ofAll "services" ++ lib.subtractLists (lib.optionals ofAll services) from
    );

  drawing =
    map shape others
    ++ [ "subgraph services" ]
    ++ map (name: "  ${name}") services
    ++ [ "end" ]
    ++ lib.concatLists (lib.mapAttrsToList arrowsTo (lib.groupBy ({ to, ... }: to) drawn));

  row = cells: "| ${lib.concatStringsSep " | " cells} |";
  table = head: rows: [ (row head) ] ++ [ (row (map (_: "---") head)) ] ++ map row rows;
  # From, to and port of all that a profile allows.
  rowsOf =
    { components, addresses, ... }:
    lib.sort (a: b: a < b) (
      map (
        {
          from,
          to,
          port,
        }:
        [
          from
          to
          "${port} ${toString addresses.port.${to}.${port}}"
        ]
      ) (flowsOf components)
      ++ lib.concatLists (
        lib.mapAttrsToList (
          name: component:
          map (place: [
            name
            (place.name + lib.optionalString place.public " (public addresses)")
            (toString place.port)
          ]) (outsideOf component)
          ++ lib.concatLists (
            lib.mapAttrsToList (
              namespace:
              map (port: [
                "namespace ${namespace}"
                name
                "${port} ${toString addresses.port.${name}.${port}}"
              ])
            ) component.cluster.reachedFrom
          )
        ) components
      )
    );
  head = [
    "from"
    "to"
    "port"
  ];
  rows = rowsOf profiles.dev;
  difference =
    name: profile:
    let
      changed = rowsOf profile;
    in
    [
      ""
      "## ${name}"
      ""
      "What is different from `dev`."
      ""
    ]
    ++ table ([ "change" ] ++ head) (
      map (row: [ "added" ] ++ row) (lib.subtractLists rows changed)
      ++ map (row: [ "absent" ] ++ row) (lib.subtractLists changed rows)
    );
in
nixpkgs.writeText "topology.md" (
  lib.concatLines (
    [
      ''
        # Topology

        Generated from the [components](nix.md#components) by `nix run .#render`; changes are lost.

        Who talks to whom in the profile `dev`. In a cluster, NetworkPolicies allow exactly this, besides the resolution of
        names. On one machine, a component starts after those that it talks to. Rectangles are Tidewatch's services,
        hexagons are servers, and a rounded box is a task, which runs once. An arrow from the frame stands for one from each
        service.

        ```mermaid
        flowchart LR''
    ]
    ++ map (line: "  ${line}") drawing
    ++ [
      ''
        ```

        Prometheus also scrapes the metrics of nearly every component. The table has these flows, too.

        ## dev
      ''
    ]
    ++ table head rows
    ++ lib.concatLists (lib.mapAttrsToList difference (removeAttrs profiles [ "dev" ]))
  )
)
