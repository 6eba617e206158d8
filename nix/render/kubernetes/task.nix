# The Job of a task that has to succeed once after a component has started, by file. Each later `apply` runs it again.
{
  addresses,
  labels,
  pod,
  name,
  small,
  task,
}:
{
  job = {
    apiVersion = "batch/v1";
    kind = "Job";
    metadata = {
      inherit name;
      labels = labels name;
    };
    spec = {
      # The component may need minutes until it answers.
      backoffLimit = 20;
      # A finished Job could not be changed, only replaced.
      ttlSecondsAfterFinished = 60;
      template = pod {
        inherit name;
        image = task.package.meta.mainProgram;
        arguments = task.arguments addresses;
        inherit (small) cpu memory;
        spec.restartPolicy = "OnFailure";
      };
    };
  };
}
