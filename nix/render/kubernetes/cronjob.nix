# The CronJob of a component that runs by a schedule, by file.
{
  labels,
  # the template of its pods, from what is added to it
  pod,
  name,
  component,
}:
let
  inherit (component) cluster;
in
{
  cronjob = {
    apiVersion = "batch/v1";
    kind = "CronJob";
    metadata = {
      inherit name;
      labels = labels name;
    };
    spec = {
      inherit (cluster) schedule;
      # By default it is that of the control plane's nodes.
      timeZone = "Etc/UTC";
      concurrencyPolicy = "Forbid";
      # A run that was missed, for example because the control plane was away, is made up for.
      startingDeadlineSeconds = 43200;
      successfulJobsHistoryLimit = 1;
      failedJobsHistoryLimit = 1;
      jobTemplate = {
        metadata.labels = labels name;
        spec = {
          backoffLimit = 1;
          activeDeadlineSeconds = cluster.deadlineSeconds;
          # The logs of its pods can be read until then. The alert JobFailed ends when the Job is deleted.
          ttlSecondsAfterFinished = 86400;
          # With OnFailure, the logs of a failed run would be deleted with its pod.
          template = pod { spec.restartPolicy = "Never"; };
        };
      };
    };
  };
}
// cluster.objects
