# What Tidewatch takes from nixpkgs: nothing else of it is in scope elsewhere in nix/ (but `lib`, and what crane takes for itself),
# so this is the list of what an update of the pin can break. The check `attributes` evaluates all of it.
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
      clippy
      gnumake
      pkg-config
      rustc
      rustfmt
      ;
  };

  servers = {
    inherit (pkgs)
      apacheKafka_4_1
      grafana
      grafana-loki
      influxdb2-server
      opentelemetry-collector-contrib
      prometheus
      prometheus-alertmanager
      prometheus-pushgateway
      tempo
      ;
    # an output of its own
    promtool = pkgs.prometheus.cli;
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

  # formatters and linters, and what runs them before a commit
  linters = {
    inherit (pkgs)
      actionlint
      deadnix
      gitleaks
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
      nodejs
      process-compose
      procps
      util-linux
      ;
    # The one that Kafka's scripts are wrapped with; its image starts it without them.
    java = pkgs.apacheKafka_4_1.jre;
  };
}
