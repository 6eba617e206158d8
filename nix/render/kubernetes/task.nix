# The Job of a task that has to succeed once after a component has started, by file. Each later `apply` runs it again.
{
  lib,
  addresses,
  labels,
  pod,
  name,
  small,
  task,
}:
let
  template = pod {
    inherit name;
    inherit (task)
      image
      memory
      variables
      fields
      mounts
      ;
    arguments = task.arguments addresses;
    environment = task.environment or { };
    before = lib.mapAttrs (_: arguments: arguments addresses) (task.before or { });
    volumes = task.configMap or [ ];
    inherit (small) cpu scratch;
    spec.restartPolicy = "OnFailure";
  };
  hash = builtins.substring 0 8 (builtins.hashString "sha256" (builtins.toJSON template));
in
{
  job = {
    apiVersion = "batch/v1";
    kind = "Job";
    metadata = {
      # The template of a Job can't be changed, so another template is another Job.
      name = "${name}-${hash}";
      labels = labels name;
    };
    spec = {
      # The component may need minutes until it answers.
      backoffLimit = 20;
      # Once it is deleted, `apply` runs it again, for example after the component lost its volume.
      ttlSecondsAfterFinished = 60;
      inherit template;
    };
  };
}
