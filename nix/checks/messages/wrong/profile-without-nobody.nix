{
  profiles.staging = {
    namespace = "shop";
    without = [ "kibana" ];
  };
}
