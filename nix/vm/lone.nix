# `services.tidewatch` on one machine: it starts at boot, works, recovers when programs and the machine end, and works
# again.
{ module, steps }:
{
  name = "tidewatch-lone";
  globalTimeout = 3600;

  nodes.machine = {
    imports = [ module ];
    services.tidewatch.enable = true;
    environment.systemPackages = [ steps ];
    virtualisation = {
      cores = 4;
      memorySize = 8192;
      diskSize = 20480;
    };
  };

  testScript = ''
    machine.wait_for_unit("tidewatch.target", timeout=600)
    units = "$(systemctl list-units --plain --no-legend 'tidewatch-*.service' | cut -d' ' -f1)"
    # systemd knows every setting, and finds each unit well confined.
    machine.succeed(f'test -z "$(systemd-analyze verify --man=no {units} 2>&1 | grep tidewatch)"')
    machine.succeed(f"systemd-analyze security --threshold=15 {units}")
    machine.succeed("vm-steps units --report /tmp/steps.json >&2")
    machine.copy_from_vm("/tmp/steps.json")

    machine.shutdown()
    machine.start()
    machine.wait_for_unit("tidewatch.target", timeout=600)
    machine.succeed("tidewatch verify >&2")
  '';
}
