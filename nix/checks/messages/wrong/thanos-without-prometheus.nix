{
  profiles.staging = {
    namespace = "shop";
    without = [ "prometheus" ];
    thanos.objectStore = "bucket";
  };
}
