# The edge, where people reach pages over TLS: a Gateway with an HTTPRoute per component, or an Ingress per component.
# cert-manager sees the annotation and puts each host's certificate into the Secret that is named here.
{
  lib,
  components,
  labels,
  edge,
}:
let
  annotation = issuer: { "cert-manager.io/cluster-issuer" = issuer; };
  certificate = name: "edge-${name}";
  port = name: components.${name}.ports.${lib.head components.${name}.entrances};
in
if edge == null then
  {
    common = [ ];
    routeOf = _: { };
  }
else if edge ? gateway then
  let
    inherit (edge.gateway) class hosts issuer;
  in
  {
    common = [
      {
        apiVersion = "gateway.networking.k8s.io/v1";
        kind = "Gateway";
        metadata = {
          name = "tidewatch";
          annotations = annotation issuer;
        };
        spec = {
          gatewayClassName = class;
          listeners = lib.mapAttrsToList (name: hostname: {
            inherit name hostname;
            port = 443;
            protocol = "HTTPS";
            tls = {
              mode = "Terminate";
              certificateRefs = [ { name = certificate name; } ];
            };
            allowedRoutes.namespaces.from = "Same";
          }) hosts;
        };
      }
    ];
    routeOf =
      name:
      lib.optionalAttrs (hosts ? ${name}) {
        httproute = {
          apiVersion = "gateway.networking.k8s.io/v1";
          kind = "HTTPRoute";
          metadata = {
            inherit name;
            labels = labels name;
          };
          spec = {
            parentRefs = [
              {
                name = "tidewatch";
                sectionName = name;
              }
            ];
            hostnames = [ hosts.${name} ];
            rules = [
              {
                backendRefs = [
                  {
                    inherit name;
                    port = port name;
                  }
                ];
              }
            ];
          };
        };
      };
  }
else
  let
    inherit (edge.ingress)
      annotations
      class
      hosts
      issuer
      ;
  in
  {
    common = [ ];
    routeOf =
      name:
      lib.optionalAttrs (hosts ? ${name}) {
        ingress = {
          apiVersion = "networking.k8s.io/v1";
          kind = "Ingress";
          metadata = {
            inherit name;
            labels = labels name;
            annotations = annotation issuer // annotations;
          };
          spec = {
            ingressClassName = class;
            tls = [
              {
                hosts = [ hosts.${name} ];
                secretName = certificate name;
              }
            ];
            rules = [
              {
                host = hosts.${name};
                http.paths = [
                  {
                    path = "/";
                    pathType = "Prefix";
                    backend.service = {
                      inherit name;
                      port.number = port name;
                    };
                  }
                ];
              }
            ];
          };
        };
      };
  }
