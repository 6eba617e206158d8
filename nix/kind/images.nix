# The images of the programs that a cluster runs besides Tidewatch. They are archives in a node's image, so that no node
# asks a registry. The names are those that kubeadm derives from `repository` and the tags.
{ nixpkgs }:
let
  inherit (nixpkgs) kubernetes;
  repository = "kind-node.local";

  # One program of a package that has several: an image with the whole package would have ten times the size.
  only =
    package: program:
    nixpkgs.runCommandLocal program { } ''
      mkdir -p $out/bin
      cp ${package}/bin/${program} $out/bin
    '';

  # The image NAME:TAG with the program NAME and the packages that it finds on its PATH.
  image =
    {
      name,
      tag,
      package,
      path ? [ ],
    }:
    {
      inherit name tag;
      archive = nixpkgs.buildLayeredImage {
        inherit tag;
        name = "${repository}/${name}";
        contents = [ package ] ++ path;
        # kubeadm's manifests start some of the programs by this path.
        extraCommands = ''
          mkdir -p usr/local tmp
          chmod 1777 tmp
          ln -s ../../bin usr/local/bin
        '';
        config = {
          Entrypoint = [ "/bin/${name}" ];
          Env = [ "PATH=/bin" ];
        };
      };
    };

  ofKubernetes =
    name: path:
    image {
      inherit name path;
      tag = "v${kubernetes.version}";
      package = only kubernetes name;
    };
in
rec {
  inherit only repository;

  apiserver = ofKubernetes "kube-apiserver" [ ];
  controller-manager = ofKubernetes "kube-controller-manager" [ ];
  scheduler = ofKubernetes "kube-scheduler" [ ];
  proxy = ofKubernetes "kube-proxy" (
    with nixpkgs;
    [
      conntrack-tools
      ipset
      iptables
      kmod
    ]
  );
  etcd = image {
    name = "etcd";
    tag = nixpkgs.etcd.version;
    package = only nixpkgs.etcd "etcd";
  };
  coredns = image {
    name = "coredns";
    tag = nixpkgs.coredns.version;
    package = nixpkgs.coredns;
  };
  pause = image {
    name = "pause";
    tag = kubernetes.version;
    package = kubernetes.pause;
  };
  kube-router = image {
    name = "kube-router";
    tag = nixpkgs.kube-router.version;
    package = nixpkgs.kube-router;
    path = with nixpkgs; [
      ipset
      iptables
    ];
  };
  metrics-server = image {
    name = "metrics-server";
    tag = nixpkgs.kubernetes-metrics-server.version;
    package = nixpkgs.kubernetes-metrics-server;
  };
  volumes = image {
    name = "volumes";
    tag = kubernetes.version;
    package = nixpkgs.writeShellApplication {
      name = "volumes";
      text = builtins.readFile ./volumes.sh;
    };
    path = with nixpkgs; [
      busybox
      kubectl
    ];
  };

  all = [
    apiserver
    controller-manager
    scheduler
    proxy
    etcd
    coredns
    pause
    kube-router
    metrics-server
    volumes
  ];

  # The name by which a pod refers to an image.
  nameOf = { name, tag, ... }: "${repository}/${name}:${tag}";

  folder = nixpkgs.linkFarm "kind-node-images" (
    map (image: {
      name = "${image.name}.tar.gz";
      path = image.archive;
    }) all
  );
}
