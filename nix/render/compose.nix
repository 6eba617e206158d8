# process-compose's configuration, which runs all components as processes on this machine.
{
  lib,
  nixpkgs,
  components,
  addresses,
  # additional processes, in the form of `processes`
  more,
}:
let
  # The command of a task, which ends on its own.
  task = command: {
    program = command;
    once = true;
  };

  # A component and its tasks.
  processesOf =
    name: component:
    let
      environment = component.environment addresses;
      inherit (component) ready;
      peers = lib.filter (peer: components ? ${peer}) (lib.attrNames component.talksTo);
    in
    {
      ${name} = {
        program = [
          "${component.package}/bin/${component.program}"
        ]
        ++ component.command
        ++ component.arguments addresses;
        inherit environment;
        ports = lib.attrValues addresses.port.${name};
        ready = {
          port = addresses.port.${name}.${ready.port};
          inherit (ready) path;
        };
        after = lib.unique (
          peers
          ++ component.startsAfter
          ++ lib.attrNames component.tasksBefore
          ++ lib.concatMap (other: lib.attrNames components.${other}.tasksAfter) peers
        );
      };
    }
    // lib.mapAttrs (
      _: command:
      task (command addresses)
      // {
        folder = name;
        inherit environment;
      }
    ) component.tasksBefore
    // lib.mapAttrs (
      _:
      { package, arguments, ... }:
      task ([ (lib.getExe package) ] ++ arguments addresses)
      // {
        folder = ".";
        after = [ name ];
      }
    ) component.tasksAfter;

  ours = lib.concatMapAttrs processesOf components;
  processes = ours // more (lib.attrNames ours);

  # `path` answers 200 once the process is ready; without a path, it is ready once its port accepts connections.
  probe =
    {
      port,
      path,
    }:
    {
      period_seconds = 1;
      timeout_seconds = 2;
      # The threshold is high: a process that never becomes ready is restarted, but one that is no longer ready only
      # waits for others, and logs for which.
      failure_threshold = 120;
    }
    // (
      if path == null then
        # the `shell` below runs it
        { exec.command = "exec 3<>/dev/tcp/127.0.0.1/${toString port}"; }
      else
        {
          http_get = {
            host = "127.0.0.1";
            port = toString port;
            inherit path;
          };
        }
    );

  process =
    name:
    {
      program,
      # relative to the state folder
      folder ? name,
      environment ? { },
      ready ? null,
      # processes that must be ready or have succeeded before it starts; they stop after it
      after ? [ ],
      # whether it ends on its own
      once ? false,
      ...
    }:
    {
      entrypoint = map toString program;
      working_dir = folder;
      environment = lib.mapAttrsToList (variable: value: "${variable}=${toString value}") environment;
      log_location = "log/${name}.log";
      log_configuration = {
        disable_json = true;
        fields_order = [ "message" ];
        no_metadata = true;
        no_color = true;
        flush_each_line = true;
        rotation = {
          max_size_mb = 20;
          max_backups = 1;
        };
      };
      depends_on = lib.genAttrs after (other: {
        condition =
          if processes.${other}.once or false then "process_completed_successfully" else "process_healthy";
      });
      shutdown.timeout_seconds = 15;
      # If a process ends for good without having been stopped, all others are stopped.
      availability = {
        exit_on_skipped = true;
      }
      // (
        if once then
          { restart = "exit_on_failure"; }
        else
          {
            restart = "on_failure";
            backoff_seconds = 1;
            max_restarts = 10;
            exit_on_end = true;
          }
      );
    }
    // lib.optionalAttrs (ready != null) {
      readiness_probe = probe ready;
    };
in
{
  inherit processes;

  configuration = nixpkgs.writeText "process-compose.json" (
    builtins.toJSON {
      version = "0.5";
      # Dollar signs are literal.
      disable_env_expansion = true;
      shell = {
        shell_command = "${nixpkgs.bash}/bin/bash";
        shell_argument = "-c";
      };
      processes = lib.mapAttrs process processes;
    }
  );
}
