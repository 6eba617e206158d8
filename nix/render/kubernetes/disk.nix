# What a container reserves of its node's disk, and its limit, in MiB: its log, and the folders of its pod that no claim
# provides.
{ scratch, persistent }:
let
  # By default the kubelet keeps five files of 10 MiB, and a file may grow beyond that until it looks.
  log = 64;
in
{
  # The log reaches this size in time. Little is written to the folders: at most 4 MiB by mock-slack, 32 KiB by Kafka.
  request = log;
  limit = log + scratch * (if persistent then 1 else 2);
}
