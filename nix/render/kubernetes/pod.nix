# The template of a pod that meets Pod Security `restricted`: no root, no privileges, no token, a read-only root file
# system, and a folder of its own at /data.
{
  lib,
  labels,
  workspace,
}:
{
  # the name of its account and containers
  name,
  # the name of its image, which has the release's version
  image,
  arguments,
  environment ? { },
  # arguments of containers that have to succeed before, by name
  before ? { },
  # what each container reserves, and its limit
  cpu,
  memory,
  # probes and ports of the container
  more ? { },
  # volumes besides /data and /tmp, each with the path where it is mounted
  volumes ? [ ],
  # whether a claim of the workload provides /data
  persistent ? false,
  # other fields of the pod
  spec ? { },
}:
let
  user = import ../user.nix;
  scratch = name: {
    inherit name;
    emptyDir.sizeLimit = "64Mi";
  };
  container =
    name: arguments:
    {
      inherit name;
      image = "tidewatch/${image}:${workspace.version}";
      imagePullPolicy = "IfNotPresent";
      workingDir = "/data";
      resources = {
        requests = {
          cpu = "${toString cpu}m";
          memory = "${toString memory.request}Mi";
        };
        limits.memory = "${toString memory.limit}Mi";
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
      ) volumes;
    }
    // lib.optionalAttrs (arguments != [ ]) { args = arguments; }
    // lib.optionalAttrs (environment != { }) {
      env = lib.mapAttrsToList (name: value: {
        inherit name;
        value = toString value;
      }) environment;
    };
in
{
  metadata.labels = labels name;
  spec = {
    serviceAccountName = name;
    automountServiceAccountToken = false;
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
      lib.optional (!persistent) (scratch "data")
      ++ [ (scratch "tmp") ]
      ++ map ({ volume, ... }: volume) volumes;
  }
  // lib.optionalAttrs (before != { }) { initContainers = lib.mapAttrsToList container before; }
  // spec;
}
