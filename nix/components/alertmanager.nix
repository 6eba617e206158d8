# Alertmanager, which notifies mock-slack.
{
  lib,
  nixpkgs,
  components,
  ...
}:
{
  license = "Apache-2.0";
  package = nixpkgs.prometheus-alertmanager;
  arguments =
    {
      file,
      link,
      listen,
      ...
    }:
    [
      "--config.file=${file.alertmanager."alertmanager.yaml"}"
      "--storage.path=data"
      "--web.listen-address=${listen.alertmanager.http}"
      "--web.external-url=${link.alertmanager.http}"
      # A single instance needs no gossip, and no port for it.
      "--cluster.listen-address="
    ];

  # The configuration of `tidewatch up`, with the address that mock-slack has here.
  files."alertmanager.yaml" =
    { url, ... }:
    {
      text =
        lib.replaceStrings
          [ "http://127.0.0.1:${toString components.mock-slack.ports.page}" ]
          [ url.mock-slack.page ]
          (lib.readFile ../../alertmanager/local.yaml);
    };

  talksTo.mock-slack = [ "page" ];
  state = true;
  cluster = {
    live = "/-/healthy";
    cpu = 20;
    # It used up to 47 MB (docs/measurements.md).
    memory = {
      request = 64;
      limit = 128;
    };
  };

  image.certificates = true;
}
