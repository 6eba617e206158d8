# A valid component, which the wrong platforms beside this file import.
{
  components.checkout = {
    description = "The shop's checkout";
    license = "MIT";
    image.reference = "registry.example/checkout:1.0";
    ports.http = 8090;
    ready.port = "http";
    exports = [ "checkout_errors_total" ];
    cluster = {
      cpu = 20;
      memory = {
        request = 32;
        limit = 64;
      };
    };
  };
}
