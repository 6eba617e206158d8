# With a fixed instance id it gets its partitions back at once after a kill -9.
{ lib, ... }:
{
  consumes = [ "metrics.raw" ];
  arguments = { instance, ... }: lib.optional (instance != null) "--instance-id=${instance}";
}
