{
  profiles.staging = {
    namespace = "shop";
    components.console.replica = 2;
  };
}
