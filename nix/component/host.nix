# The name by which others reach a port of the component NAME in a cluster. Metrics have their own name beside ports
# that people use: they are needed from a pod that isn't ready, but a page of such a pod is not.
name:
{ entrances, metrics, ... }:
port:
if port == metrics && entrances != [ ] && !(builtins.elem port entrances) then
  "${name}-${port}"
else
  name
