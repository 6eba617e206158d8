{
  components.checkout = {
    description = "The shop's checkout";
    license = "MIT";
    ports.http = 8090;
    ready.port = "http";
  };
}
