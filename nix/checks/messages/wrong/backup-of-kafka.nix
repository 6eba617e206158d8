{
  profiles.staging = {
    namespace = "shop";
    kafka.cluster = { };
    components.kafka.backup = true;
  };
}
