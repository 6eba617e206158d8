# The template of a pod that meets Pod Security `restricted`: no root, no privileges, no token unless it asks for access,
# a read-only root file system, and a folder of its own at /data.
{
  lib,
  labels,
  # whether the nodes have our images already
  loaded,
  workspace,
}:
{
  # the name of its account and containers
  name,
  # the name of its image, which has the release's version
  image,
  # the image that it has instead, or null
  reference ? null,
  arguments,
  environment ? { },
  # nix/component/secrets.nix
  variables ? { },
  fields ? { },
  mounts ? { },
  # arguments of containers that have to succeed before, by name
  before ? { },
  # what each container reserves, and its limit
  cpu,
  memory,
  # the size of /tmp, and of /data without a claim, in MiB
  scratch,
  # probes and ports of the container
  more ? { },
  # volumes besides /data and /tmp, each with the path where it is mounted
  volumes ? [ ],
  # whether a claim of the workload provides /data
  persistent ? false,
  # whether it gets a token of the API server
  token ? false,
  # other fields of the pod
  spec ? { },
}:
let
  user = import ../user.nix;
  variable = name: value: { inherit name; } // value;
  # Kubernetes replaces $(NAME) only by variables that come before.
  env =
    lib.mapAttrsToList (
      name:
      { secret, key, ... }:
      variable name {
        valueFrom.secretKeyRef = {
          name = secret;
          inherit key;
        };
      }
    ) variables
    ++ lib.mapAttrsToList (
      name: fieldPath: variable name { valueFrom.fieldRef = { inherit fieldPath; }; }
    ) fields
    ++ lib.mapAttrsToList (name: value: variable name { value = toString value; }) environment;
  mounted =
    volumes
    ++ lib.mapAttrsToList (
      name:
      {
        secret,
        path,
        keys,
        ...
      }:
      {
        inherit path;
        volume = {
          inherit name;
          secret = {
            secretName = secret;
            # for the user and the group of the pod only
            defaultMode = 288;
            items = map (key: {
              inherit key;
              path = key;
            }) keys;
          };
        };
      }
    ) mounts;
  folder = name: {
    inherit name;
    emptyDir.sizeLimit = "${toString scratch}Mi";
  };
  disk = import ./disk.nix { inherit scratch persistent; };
  container =
    name: arguments:
    {
      inherit name;
      image = if reference == null then "tidewatch/${image}:${workspace.version}" else reference;
      imagePullPolicy = if loaded && reference == null then "Never" else "IfNotPresent";
      workingDir = "/data";
      resources = {
        requests = {
          cpu = "${toString cpu}m";
          memory = "${toString memory.request}Mi";
          ephemeral-storage = "${toString disk.request}Mi";
        };
        limits = {
          memory = "${toString memory.limit}Mi";
          ephemeral-storage = "${toString disk.limit}Mi";
        };
      };
      securityContext = {
        allowPrivilegeEscalation = false;
        capabilities.drop = [ "ALL" ];
        readOnlyRootFilesystem = true;
      };
      volumeMounts = [
        {
          name = "data";
          mountPath = "/data";
        }
        {
          name = "tmp";
          mountPath = "/tmp";
        }
      ]
      ++ map (
        { volume, path }:
        {
          inherit (volume) name;
          mountPath = path;
          readOnly = true;
        }
      ) mounted;
    }
    // lib.optionalAttrs (arguments != [ ]) { args = arguments; }
    // lib.optionalAttrs (env != [ ]) { inherit env; };
in
{
  metadata.labels = labels name;
  spec = {
    serviceAccountName = name;
    automountServiceAccountToken = token;
    # Variables such as KAFKA_PORT could be taken for settings.
    enableServiceLinks = false;
    securityContext = {
      runAsNonRoot = true;
      runAsUser = user;
      runAsGroup = user;
      fsGroup = user;
      # Without this, every start would visit all files of the volume.
      fsGroupChangePolicy = "OnRootMismatch";
      seccompProfile.type = "RuntimeDefault";
    };
    containers = [ (container name arguments // more) ];
    volumes =
      lib.optional (!persistent) (folder "data")
      ++ [ (folder "tmp") ]
      ++ map ({ volume, ... }: volume) mounted;
  }
  // lib.optionalAttrs (before != { }) { initContainers = lib.mapAttrsToList container before; }
  // spec;
}
