# The order in which Argo CD applies objects, as annotations: first those of the namespace, then components that have
# tasks (Kafka), then the tasks (its topics), then all others. It waits until a wave is healthy before it applies the
# next one.
{ lib, components }:
let
  wave = number: { "argocd.argoproj.io/sync-wave" = toString number; };
  hasTasks = { cluster, tasksAfter, ... }: cluster.tasks != { } || tasksAfter != { };
in
rec {
  common = wave (-3);

  # The annotations of a component's objects.
  ofComponent = name: lib.optionalAttrs (hasTasks components.${name}) (wave (-2));

  # The annotations of a task's objects.
  ofTask = wave (-1);

  # A Job is deleted when it has ended, so to Argo CD it is part of a sync, not of what has to exist.
  ofJob = ofTask // {
    "argocd.argoproj.io/hook" = "Sync";
    "argocd.argoproj.io/hook-delete-policy" = "BeforeHookCreation";
  };

  annotate =
    annotations: object:
    if annotations == { } then
      object
    else
      object
      // {
        metadata = object.metadata // {
          annotations = object.metadata.annotations or { } // annotations;
        };
      };
}
