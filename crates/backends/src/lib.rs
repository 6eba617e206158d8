//! Prometheus, Alertmanager and Grafana: found on this machine, configured, started, supervised.
