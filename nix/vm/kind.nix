# `nix run .#up` on one machine without a network: the cluster comes up from the node's image and the components'
# images, works, recovers when pods and the node end, and works again.
{
  # the programs of `nix run .#up` and of the command line
  up,
  tidewatch,
  kubectl,
  steps,
}:
{
  name = "tidewatch-kind";
  globalTimeout = 5400;

  nodes.machine =
    { pkgs, ... }:
    {
      virtualisation = {
        cores = 4;
        memorySize = 8192;
        diskSize = 20480;
        docker = {
          enable = true;
          package = pkgs.docker_29;
        };
      };
      # Nothing is downloaded: `up` refers to all images, so they are in the machine's store.
      environment.systemPackages = [
        up
        tidewatch
        kubectl
        steps
      ];
    };

  testScript = ''
    machine.wait_for_unit("docker.service")
    machine.succeed("up >&2")
    machine.succeed("vm-steps kind --report /tmp/steps.json >&2")
    machine.copy_from_vm("/tmp/steps.json")
    # A second run changes nothing.
    machine.succeed("up >&2")
  '';
}
