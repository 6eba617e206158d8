# The Services of one component, by file: one per name by which others reach ports of it.
{
  lib,
  labels,
  name,
  component,
  # the name of the component whose pods answer, and that component
  pod,
  host,
  # the names of the ports that others may reach
  ports,
}:
let
  service = called: ports: {
    apiVersion = "v1";
    kind = "Service";
    metadata = {
      name = called;
      labels = labels name;
    };
    spec = {
      selector = labels pod;
      ports = map (port: {
        name = port;
        port = component.ports.${port};
        targetPort = port;
      }) ports;
    }
    # What isn't ready is scraped all the same, since its metrics say why, but people get no answer from it; and Kafka
    # connects to itself by this name.
    //
      lib.optionalAttrs
        (host.state || (ports == [ component.metrics ] && !lib.elem component.metrics component.entrances))
        {
          publishNotReadyAddresses = true;
        }
    // lib.optionalAttrs (host.cluster.workload == "StatefulSet") { clusterIP = "None"; };
  };
in
lib.mapAttrs' (
  called: ports: lib.nameValuePair "service${lib.removePrefix name called}" (service called ports)
) (lib.groupBy (import ../../component/host.nix name component) ports)
