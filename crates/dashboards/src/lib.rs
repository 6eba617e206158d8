//! Tidewatch's Grafana dashboards, built from typed parts.
