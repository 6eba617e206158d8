# The Pushgateway, which keeps what jobs push until Prometheus scrapes it.
{ nixpkgs, ... }:
{
  description = "Prometheus Pushgateway";
  license = "Apache-2.0";
  package = nixpkgs.prometheus-pushgateway;
  arguments =
    { listen, ... }:
    [
      "--web.listen-address=${listen.pushgateway.http}"
      "--persistence.file=metrics"
    ];

  cluster = {
    live = "/-/healthy";
    cpu = 10;
    # It used up to 19 MB (docs/kubernetes.md).
    memory = {
      request = 32;
      limit = 128;
    };
  };

  ports.http = 9091;
  ready = {
    port = "http";
    path = "/-/ready";
  };
  metrics = "http";
  # Pushed metrics have their own labels.
  scraping.honor_labels = true;
  entrances = [ "http" ];
}
