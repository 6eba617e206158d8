//! Service level objectives: OpenSLO v1 in, Prometheus rules out.
