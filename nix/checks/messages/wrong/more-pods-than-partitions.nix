{
  components.stream-processor.cluster.replicas = 13;
}
