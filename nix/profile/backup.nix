# The component `backup` of a profile: a CronJob that takes snapshots of volumes with the command line.
{
  schedule,
  keep,
  class,
  # the volume claims to take snapshots of, from the components
  claimsOf,
}:
{
  lib,
  components,
  services,
  workspace,
  ...
}:
{
  description = "Snapshots of volumes";
  inherit (workspace) license version;
  package = services.tidewatch;
  program = "tidewatch";
  cluster = {
    workload = "CronJob";
    inherit schedule;
    # Two attempts, each of which waits an hour until the snapshots can be used.
    deadlineSeconds = 9000;
    # the same as that of the Job `topics`, so that a profile needs only one with the command line
    image = components.kafka.tasksAfter.topics.cluster.image or "tidewatch";
    arguments =
      { namespace, ... }:
      [
        "backup"
        "--target=k8s"
        "--namespace=${namespace}"
        "--keep=${toString keep}"
      ]
      ++ lib.optional (class != null) "--class=${class}"
      ++ claimsOf components;
    cpu = 10;
    memory = {
      request = 32;
      limit = 128;
    };
    access.namespace = [
      {
        resources = [ "persistentvolumeclaims" ];
        verbs = [ "list" ];
      }
      {
        group = "snapshot.storage.k8s.io";
        resources = [ "volumesnapshots" ];
        verbs = [
          "create"
          "delete"
          "list"
        ];
      }
    ];
  };
}
