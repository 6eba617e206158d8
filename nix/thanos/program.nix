# The program of all components of Thanos, and of their image.
{ nixpkgs }:
{
  description = "Thanos, which keeps Prometheus's measurements in object storage";
  license = "Apache-2.0";
  package = nixpkgs.thanos;
  inherit (nixpkgs.thanos) version;
  program = "thanos";
  state = true;
  # Object storage is reached over TLS.
  certificates = true;
}
