# What runs, as process-compose's configuration.
{
  lib,
  nixpkgs,
  json,
  processes,
}:
let
  # `path` answers 200 once it is ready; where there is none, its port takes connections.
  probe =
    {
      port,
      path ? null,
    }:
    {
      period_seconds = 1;
      timeout_seconds = 2;
      # Only what never gets ready is started anew: what loses its readiness waits for others, and says for whom.
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
      ports ? [ ],
      ready ? null,
      # those that have to be ready before, or to have done their work; they are ended after it
      after ? [ ],
      # whether it ends by itself
      once ? false,
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
      # Whatever ends for good although nobody told it to, ends everything.
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
      readiness_probe = probe ({ port = lib.head ports; } // ready);
    };
in
json "process-compose.json" {
  version = "0.5";
  # What looks like a variable is none.
  disable_env_expansion = true;
  shell = {
    shell_command = "${nixpkgs.bash}/bin/bash";
    shell_argument = "-c";
  };
  processes = lib.mapAttrs process processes;
}
