# Objects of cert-manager: an authority for Kafka alone, and the certificate of its nodes in the Secret kafka-tls.
{
  lib,
  namespace,
  # the names of the nodes within the namespace
  hosts,
}:
let
  object = kind: name: spec: {
    apiVersion = "cert-manager.io/v1";
    inherit kind spec;
    metadata = { inherit name; };
  };
  privateKey = {
    algorithm = "ECDSA";
    size = 256;
    # Kafka reads no other encoding.
    encoding = "PKCS8";
    rotationPolicy = "Always";
  };
in
{
  issuer-self = object "Issuer" "kafka-self" { selfSigned = { }; };
  certificate-authority = object "Certificate" "kafka-authority" {
    isCA = true;
    commonName = "kafka-authority";
    secretName = "kafka-authority";
    # ten years: a new one has to reach every client before the old one ends
    duration = "87600h";
    # With the same key, those that trust the old certificate also trust its successor.
    privateKey = privateKey // {
      rotationPolicy = "Never";
    };
    issuerRef.name = "kafka-self";
  };
  issuer = object "Issuer" "kafka" { ca.secretName = "kafka-authority"; };
  certificate = object "Certificate" "kafka" {
    commonName = "kafka";
    secretName = "kafka-tls";
    dnsNames = lib.concatMap (host: [
      host
      "${host}.${namespace}.svc"
      "${host}.${namespace}.svc.cluster.local"
    ]) hosts;
    usages = [
      "server auth"
      "client auth"
    ];
    # Nodes read it at their start only, so it is valid for much longer than they run.
    duration = "8760h";
    renewBefore = "2160h";
    inherit privateKey;
    issuerRef.name = "kafka";
  };
}
