# Components as systemd units of one machine, in the form of NixOS's `systemd.services`. Each runs the program of its
# image with the arguments of a cluster, on loopback, because the memory limits were measured that way.
{
  lib,
  nixpkgs,
  components,
  addresses,
  # files with secrets, by component and name
  credentials,
}:
let
  unit = name: "tidewatch-${name}";
  service = name: "${unit name}.service";
  folder = name: "tidewatch/${name}";

  # systemd replaces variables and specifiers in commands, and specifiers in the environment.
  literal = lib.replaceStrings [ "%" ] [ "%%" ];
  command =
    words:
    lib.concatMapStringsSep " " (
      word: lib.replaceStrings [ "$" ] [ "$$" ] (literal (builtins.toJSON word))
    ) words;

  tool =
    name: runtimeInputs:
    lib.getExe (
      nixpkgs.writeShellApplication {
        inherit name runtimeInputs;
        text = builtins.readFile (./systemd + "/${name}.sh");
      }
    );
  waitUntilReady = tool "wait-until-ready" [
    nixpkgs.coreutils
    nixpkgs.curl
  ];
  withCredentials = tool "with-credentials" [ ];

  families = [
    "AF_INET"
    "AF_INET6"
    "AF_UNIX"
  ];
  # A program that no other user can read, and that can neither write outside of its folder nor get more rights.
  confined = {
    DynamicUser = true;
    UMask = "0077";
    ProtectSystem = "strict";
    ProtectHome = true;
    ProtectProc = "invisible";
    ProtectClock = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    ProtectControlGroups = true;
    PrivateDevices = true;
    PrivateTmp = true;
    PrivateUsers = true;
    NoNewPrivileges = true;
    CapabilityBoundingSet = "";
    AmbientCapabilities = "";
    RestrictAddressFamilies = families;
    RestrictNamespaces = true;
    RestrictRealtime = true;
    RestrictSUIDSGID = true;
    RemoveIPC = true;
    KeyringMode = "private";
    LockPersonality = true;
    MemoryDenyWriteExecute = true;
    SystemCallArchitectures = "native";
    SystemCallFilter = [
      "@system-service"
      "~@privileged"
    ];
    SystemCallErrorNumber = "EPERM";
  };
  # It reaches nothing but this machine, unless it checks certificates of public hosts.
  local = {
    IPAddressAllow = "localhost";
    IPAddressDeny = "any";
  };

  # A failed start is tried again for good, after a second at first and half a minute in the end.
  restart = {
    RestartSec = 1;
    RestartSteps = 5;
    RestartMaxDelaySec = 30;
  };

  tasksOf = other: map service (lib.attrNames components.${other}.tasksAfter);

  unitsOf =
    name: component:
    let
      inherit (component) cluster ready;
      peers = lib.attrNames component.talksTo;
      needed = map service peers ++ map service component.startsAfter ++ lib.concatMap tasksOf peers;
      program = [
        "${component.image.package}/bin/${component.image.program}"
      ]
      ++ component.image.command;
      secrets = credentials.${name} or { };
      start = words: command (lib.optional (secrets != { }) withCredentials ++ program ++ words);
      common = {
        partOf = [ "tidewatch.target" ];
        wantedBy = [ "tidewatch.target" ];
        # systemd doesn't give up.
        unitConfig.StartLimitIntervalSec = 0;
      };
    in
    {
      ${unit name} = common // {
        inherit (component) description;
        after = [ "network.target" ] ++ needed;
        wants = needed;
        environment =
          lib.mapAttrs (_: value: literal (toString value)) (cluster.environment addresses)
          // lib.mapAttrs (_: path: "/var/lib/${folder name}/${path}") component.paths;
        serviceConfig =
          confined
          // lib.optionalAttrs (!component.image.certificates) local
          // restart
          // {
            Type = "exec";
            StateDirectory = folder name;
            StateDirectoryMode = "0700";
            WorkingDirectory = "%S/${folder name}";
            ExecStartPre = map (words: start (words addresses)) (lib.attrValues cluster.before);
            ExecStart = start (cluster.arguments addresses);
            # Units that need it wait until it is ready.
            ExecStartPost = command [
              waitUntilReady
              addresses.at.${name}.${ready.port}
              (if ready.path == null then "" else ready.path)
            ];
            TimeoutStartSec = 120;
            TimeoutStopSec = 30;
            Restart = "always";
            MemoryMax = "${toString cluster.memory.limit}M";
            LoadCredential = lib.mapAttrsToList (secret: file: "${secret}:${file}") secrets;
          }
          // (
            if component.kind == "service" then
              # Its configuration is wrong, which no restart changes.
              { RestartPreventExitStatus = 64; }
            else
              # Some, such as Loki and Tempo, list the machine's network interfaces.
              { RestrictAddressFamilies = families ++ [ "AF_NETLINK" ]; }
          )
          // component.systemd;
      };
    }
    // lib.mapAttrs' (
      task:
      { package, arguments, ... }:
      lib.nameValuePair (unit task) (
        common
        // {
          description = "Task of ${name}: ${task}";
          after = [ (service name) ];
          wants = [ (service name) ];
          serviceConfig =
            confined
            // local
            // restart
            // {
              Type = "oneshot";
              RemainAfterExit = true;
              ExecStart = command ([ (lib.getExe package) ] ++ arguments addresses);
              Restart = "on-failure";
              TimeoutStartSec = 120;
            };
        }
      )
    ) component.tasksAfter;
in
lib.concatMapAttrs unitsOf components
