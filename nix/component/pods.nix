# The largest number of pods that a component has, but for one more during a rollout.
lib:
{
  workload,
  replicas,
  autoscaling,
  nodes,
  ...
}:
if workload == "DaemonSet" then
  nodes
else if autoscaling == null then
  replicas
else
  (lib.head (lib.attrValues autoscaling)).maximum
