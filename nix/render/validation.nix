# The commands that validate the configurations of components with the programs that read them, as lines of a script.
{
  lib,
  components,
  addresses,
}:
lib.concatMapStringsSep "\n" lib.escapeShellArgs (
  lib.filter (command: command != [ ]) (
    lib.mapAttrsToList (_: component: component.validation addresses) components
  )
)
