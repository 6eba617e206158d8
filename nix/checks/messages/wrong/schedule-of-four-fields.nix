{
  profiles.staging = {
    namespace = "shop";
    backup.schedule = "2 * * *";
  };
}
