# Everything on one small cluster, such as kind's; people reach it with `kubectl port-forward`.
{
  namespace = "tidewatch";
  # Nothing writes to it yet.
  without = [ "influxdb" ];
}
