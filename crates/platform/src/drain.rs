//! The order in which services stop.

use crate::Service;

/// Returns `services` in the order in which they stop: each after those named in its `drain_after`, and otherwise in
/// the given order. Names of services that are not among them are ignored. Services in a cycle are left out.
pub fn drain_order(services: &[Service]) -> Vec<Service> {
    let mut order: Vec<Service> = Vec::with_capacity(services.len());
    let runs = |name: &str| services.iter().any(|service| service.name == name);
    loop {
        let ended = |name: &str| order.iter().any(|service| service.name == name);
        let may_end = |service: &&Service| {
            !ended(service.name) && service.drain_after.iter().all(|name| ended(name) || !runs(name))
        };
        match services.iter().find(may_end) {
            Some(next) => order.push(*next),
            None => return order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CONSOLE, MOCK_SLACK, SERVICES, STREAM_PROCESSOR};

    #[test]
    fn the_registry_has_no_cycle_and_names_only_services() {
        assert_eq!(drain_order(&SERVICES).len(), SERVICES.len());
        for service in SERVICES {
            for name in service.drain_after {
                assert!(SERVICES.iter().any(|other| other.name == *name), "{}: {name}", service.name);
            }
        }
    }

    #[test]
    fn services_end_before_those_that_handle_what_they_send() {
        let names: Vec<&str> = drain_order(&SERVICES).iter().map(|service| service.name).collect();
        let expected =
            ["console", "workload-simulator", "stream-processor", "metrics-bridge", "alert-relay", "mock-slack"];
        assert_eq!(names, expected);
    }

    #[test]
    fn services_that_do_not_run_are_not_waited_for() {
        let order = drain_order(&[MOCK_SLACK, STREAM_PROCESSOR, CONSOLE]);
        assert_eq!(order, [STREAM_PROCESSOR, CONSOLE, MOCK_SLACK]);
    }

    #[test]
    fn services_in_a_cycle_are_left_out() {
        let one = Service { name: "one", drain_after: &["two"], ..CONSOLE };
        let two = Service { name: "two", drain_after: &["one"], ..CONSOLE };
        assert_eq!(drain_order(&[one, two, STREAM_PROCESSOR]), [STREAM_PROCESSOR]);
    }
}
