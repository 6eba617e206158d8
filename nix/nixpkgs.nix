# Everything that Tidewatch uses from nixpkgs. Nothing else of nixpkgs is in scope in nix/ (except `lib`, and what crane
# uses itself), so this lists what an update of the pin can break. The check `attributes` evaluates all of it.
pkgs: {
  builders = {
    inherit (pkgs)
      closureInfo
      linkFarm
      mkShell
      nukeReferences
      runCommandLocal
      stdenv
      writeShellApplication
      writeText
      ;
    inherit (pkgs.dockerTools) buildLayeredImage;
  };

  # librdkafka is built with make
  toolchain = {
    inherit (pkgs)
      cargo
      cargo-deny
      cargo-nextest
      clippy
      gnumake
      pkg-config
      rustc
      rustfmt
      ;
    # for services with TLS, which are static programs, too
    openssl = pkgs.openssl.override { static = true; };
  };

  servers = {
    inherit (pkgs)
      apacheKafka_4_1
      grafana
      grafana-loki
      influxdb2-server
      kube-state-metrics
      opentelemetry-collector-contrib
      prometheus
      prometheus-alertmanager
      prometheus-node-exporter
      prometheus-pushgateway
      tempo
      ;
    # promtool is a separate output
    promtool = pkgs.prometheus.cli;
    # Thanos supports no build without this tag: it ends when the first other part of it connects.
    thanos = pkgs.thanos.overrideAttrs (old: {
      tags = pkgs.lib.unique ((old.tags or [ ]) ++ [ "slicelabels" ]);
    });
  };

  # the attribute `docker` is marked insecure
  containers = {
    inherit (pkgs)
      docker_29
      kind
      kubectl
      skopeo
      ;
  };

  # what a node of a cluster consists of
  cluster = {
    inherit (pkgs)
      busybox
      cni-plugins
      conntrack-tools
      containerd
      coredns
      ethtool
      etcd
      ipset
      iptables
      kmod
      kube-router
      kubernetes
      kubernetes-metrics-server
      runc
      ;
  };

  # formatters and linters, and pre-commit, which runs them before a commit
  linters = {
    inherit (pkgs)
      actionlint
      deadnix
      gitleaks
      kube-score
      kubeconform
      nixfmt
      pre-commit
      shellcheck
      statix
      typos
      yamllint
      ;
  };

  tools = {
    inherit (pkgs)
      bash
      cacert
      coreutils
      curl
      findutils
      gawk
      git
      gnugrep
      gnused
      gnutar
      gzip
      jq
      nix
      nodejs
      process-compose
      procps
      python3
      util-linux
      ;
    # The JRE that Kafka's scripts are wrapped with. Its image starts Java without the scripts.
    java = pkgs.apacheKafka_4_1.jre;
    # Its OpenAPI document describes every object.
    kubernetes-source = pkgs.kubernetes.src;
  };
}
