# Alertmanager, which notifies mock-slack.
{ nixpkgs, ... }:
{
  license = "Apache-2.0";
  package = nixpkgs.prometheus-alertmanager;
  arguments =
    { listen, url, ... }:
    [
      "--config.file=${../../alertmanager/local.yaml}"
      "--storage.path=data"
      "--web.listen-address=${listen.alertmanager.http}"
      "--web.external-url=${url.alertmanager.http}"
      # A single instance needs no gossip, and no port for it.
      "--cluster.listen-address="
    ];

  talksTo.mock-slack = [ "page" ];
  state = true;
  image.certificates = true;
}
