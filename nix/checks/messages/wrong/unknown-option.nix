{
  components.grafana.cluster.replica = 2;
}
