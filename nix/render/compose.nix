# All components as processes of this machine: process-compose's configuration.
{
  lib,
  nixpkgs,
  components,
  addresses,
  # what else runs, in the form of `processes`
  more,
}:
let
  # The command of a task, which ends by itself.
  task = command: {
    program = command addresses;
    once = true;
  };

  # A component and its tasks.
  processesOf =
    name: component:
    let
      environment = component.environment addresses;
      inherit (component) ready;
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
          component.talksTo
          ++ component.startsAfter
          ++ lib.attrNames component.tasksBefore
          ++ lib.concatMap (other: lib.attrNames components.${other}.tasksAfter) component.talksTo
        );
      };
    }
    // lib.mapAttrs (
      _: command:
      task command
      // {
        folder = name;
        inherit environment;
      }
    ) component.tasksBefore
    // lib.mapAttrs (
      _: command:
      task command
      // {
        folder = ".";
        after = [ name ];
      }
    ) component.tasksAfter;

  ours = lib.concatMapAttrs processesOf components;
  processes = ours // more (lib.attrNames ours);

  # `path` answers 200 once it is ready; where there is none, its port takes connections.
  probe =
    {
      port,
      path,
    }:
    {
      period_seconds = 1;
      timeout_seconds = 2;
      # A process that was never ready is restarted. One that is no longer ready waits for others, and logs for which.
      failure_threshold = 120;
    }
    // (
      if path == null then
        # by the shell below
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
      # below the state folder
      folder ? name,
      environment ? { },
      ready ? null,
      # those that have to be ready, or to have succeeded, before it starts; they end after it
      after ? [ ],
      # whether it ends by itself
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
      # A process that ends for good, unless it was stopped, ends all the others.
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
      # A dollar sign is a dollar sign.
      disable_env_expansion = true;
      shell = {
        shell_command = "${nixpkgs.bash}/bin/bash";
        shell_argument = "-c";
      };
      processes = lib.mapAttrs process processes;
    }
  );
}
