# Linters of the Kubernetes objects in k8s/: kube-score asks whether a workload is robust, kubeconform whether every field
# exists and has the right type in the version of Kubernetes that `nix run .#up` runs.
{
  lib,
  nixpkgs,
  check,
}:
let
  inherit (nixpkgs.kubernetes) version;
  # Runs COMMAND with the objects of each profile.
  ofEachProfile =
    name: tools: command:
    check name
      (
        [
          nixpkgs.findutils
          nixpkgs.gnugrep
          nixpkgs.kubectl
        ]
        ++ tools
      )
      ''
        for kustomization in k8s/*/kustomization.yaml; do
          profile=$(dirname "$kustomization")
          kubectl kustomize "$profile" > objects.yaml
          ${command} objects.yaml || { echo "these are the objects of $profile" >&2; exit 1; }
        done
      '';

  # A schema per kind, by the name with which kubeconform asks for it.
  schemas =
    nixpkgs.runCommandLocal "kubernetes-schemas-${version}" { nativeBuildInputs = [ nixpkgs.jq ]; }
      ''
        mkdir $out
        openapi=${nixpkgs.kubernetes-source}/api/openapi-spec/swagger.json
        jq --from-file ${./kubernetes/definitions.jq} "$openapi" > $out/definitions.json
        jq --raw-output --from-file ${./kubernetes/kinds.jq} "$openapi" | while read -r kind definition; do
          echo "{\"\$ref\": \"definitions.json#/definitions/$definition\"}" > "$out/$kind.json"
        done
      '';
  # Their schemas come with cert-manager, which nixpkgs doesn't have.
  ofCertManager = [
    "Certificate"
    "Issuer"
  ];
in
{
  kube-score = ofEachProfile "kube-score" [ nixpkgs.kube-score ] (
    "grep '^--' .kube-score | xargs kube-score score --exit-one-on-warning"
    + " --kubernetes-version=v${lib.versions.majorMinor version}"
  );

  kubeconform = ofEachProfile "kubeconform" [ nixpkgs.kubeconform ] (
    "kubeconform -strict -summary -skip=${lib.concatStringsSep "," ofCertManager}"
    + " -schema-location='${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json'"
  );
}
