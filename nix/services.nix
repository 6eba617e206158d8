# What images, and whatever runs them, have to know of each service; the check `ports` compares it with what the programs say.
{
  # Where every service serves /metrics, /livez and /readyz.
  adminPort = 9464;

  # By service: the port of its own page or API, and whether it speaks TLS to hosts that a public authority has certified.
  services = {
    alert-relay.certificates = true;
    console.port = 8080;
    metrics-bridge = { };
    mock-slack.port = 8081;
    stream-processor = { };
    workload-simulator.port = 8083;
  };
}
