{
  profiles.staging = { };
}
