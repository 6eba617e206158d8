{
  components.prometheus.cluster.storage = 20;
}
