# With a fixed instance id it gets its partitions back at once after a kill -9.
{
  arguments = _: [ "--instance-id=tidewatch-local" ];
}
