# `.#kind-node`: the image of a node of kind, from which a cluster starts without any registry, and the configuration of
# kind that it needs.
{ lib, nixpkgs }:
let
  inherit (nixpkgs) kubernetes;
  podSubnet = "10.244.0.0/16";
  serviceSubnet = "10.96.0.0/16";

  images = import ./images.nix { inherit nixpkgs; };
  addons = import ./addons { inherit lib images serviceSubnet; };

  # What is on PATH in a node. If two have a program of the same name, the first one is taken.
  packages = [
    (nixpkgs.writeShellApplication {
      name = "init";
      text = builtins.readFile ./init.sh;
    })
    (images.only kubernetes "kubeadm")
    (images.only kubernetes "kubelet")
    nixpkgs.kubectl
    nixpkgs.containerd
    nixpkgs.runc
    nixpkgs.iptables
    nixpkgs.conntrack-tools
    nixpkgs.ipset
    nixpkgs.ethtool
    nixpkgs.kmod
    nixpkgs.bash
    nixpkgs.busybox
  ];

  root = nixpkgs.runCommandLocal "kind-node-root" { } ''
    mkdir -p $out/{bin,usr,opt/cni,etc/cni/net.d,etc/containerd,etc/kubernetes/manifests,kind/manifests}
    for package in ${toString packages}; do
      for program in $package/bin/*; do
        [ -e $out/bin/''${program##*/} ] || ln -s $program $out/bin
      done
    done
    ln -s bin $out/sbin
    ln -s ../bin $out/usr/bin
    ln -s ../bin $out/usr/sbin
    ln -s ${nixpkgs.cni-plugins}/bin $out/opt/cni
    ln -s ${./pods.conflist} $out/etc/cni/pods.conflist
    substitute ${./containerd.toml} $out/etc/containerd/config.toml \
      --replace-fail @pause@ ${images.nameOf images.pause}
    ln -s ${images.folder} $out/kind/images
    ln -s ${nixpkgs.writeText "network.json" addons.network} $out/kind/manifests/default-cni.yaml
    ln -s ${nixpkgs.writeText "storage.json" addons.storage} $out/kind/manifests/default-storage.yaml
    echo v${kubernetes.version} > $out/kind/version
    echo 'root:x:0:0:root:/root:/bin/sh' > $out/etc/passwd
    echo 'root:x:0:' > $out/etc/group
    echo 'ID=tidewatch' > $out/etc/os-release
  '';
in
{
  inherit podSubnet;

  image = nixpkgs.buildLayeredImage {
    name = "tidewatch/kind-node";
    # docker unpacks it once, on this machine.
    compressor = "none";
    contents = [ root ];
    extraCommands = ''
      mkdir -p proc sys dev run tmp root var/log var/lib lib/modules
      chmod 1777 tmp
      ln -s /run var/run
    '';
    config = {
      Entrypoint = [ "/bin/init" ];
      Env = [ "PATH=/bin" ];
    };
  };

  # The configuration of kind for a cluster of such nodes, whose first one has `ports` of the machine.
  configuration = ports: {
    kind = "Cluster";
    apiVersion = "kind.x-k8s.io/v1alpha4";
    networking = {
      apiServerAddress = "127.0.0.1";
      inherit podSubnet serviceSubnet;
    };
    nodes = [
      {
        role = "control-plane";
        extraPortMappings = ports;
      }
    ];
    kubeadmConfigPatches = map builtins.toJSON [
      {
        kind = "ClusterConfiguration";
        imageRepository = images.repository;
        etcd.local.imageTag = images.etcd.tag;
        dns.imageTag = images.coredns.tag;
      }
      {
        kind = "KubeletConfiguration";
        # A node has no systemd.
        cgroupDriver = "cgroupfs";
        failCgroupV1 = false;
        resolvConf = "/run/pods-resolv.conf";
      }
    ];
  };
}
