//! The order in which services stop. They start in the opposite order.

use crate::Service;

/// Returns `services`, whose entries in the registry `entry` returns, in the order in which they stop: each after those
/// named in its `drain_after`, and otherwise in the given order. Names of services that are not among them are ignored.
/// Services in a cycle are left out.
pub fn drain_order<T>(services: &[T], entry: impl Fn(&T) -> &Service) -> Vec<&T> {
    let mut order: Vec<&T> = Vec::with_capacity(services.len());
    let runs = |name: &str| services.iter().any(|service| entry(service).name == name);
    loop {
        let ended = |name: &str| order.iter().any(|service| entry(service).name == name);
        let may_end = |service: &&T| {
            let Service { name, drain_after, .. } = entry(service);
            !ended(name) && drain_after.iter().all(|name| ended(name) || !runs(name))
        };
        match services.iter().find(may_end) {
            Some(next) => order.push(next),
            None => return order,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CONSOLE, MOCK_SLACK, SERVICES, STREAM_PROCESSOR};

    fn names(services: &[Service]) -> Vec<&str> {
        drain_order(services, |service| service).into_iter().map(|service| service.name).collect()
    }

    #[test]
    fn the_registry_has_no_cycle_and_names_only_services() {
        assert_eq!(names(&SERVICES).len(), SERVICES.len());
        for service in SERVICES {
            for name in service.drain_after {
                assert!(SERVICES.iter().any(|other| other.name == *name), "{}: {name}", service.name);
            }
        }
    }

    #[test]
    fn services_end_before_those_that_handle_what_they_send() {
        let order = names(&SERVICES);
        let senders_first = ["console", "workload-simulator", "stream-processor", "alert-relay", "mock-slack"];
        let places = senders_first.map(|name| order.iter().position(|other| *other == name).unwrap());
        assert!(places.is_sorted(), "{order:?}");
    }

    #[test]
    fn services_end_before_those_that_they_talk_to() {
        let order = names(&SERVICES);
        let place = |name: &str| order.iter().position(|other| *other == name);
        for service in SERVICES {
            for peer in service.talks_to {
                let after = place(peer.name).is_none_or(|peer| place(service.name).is_some_and(|own| own < peer));
                assert!(after, "{} talks to {}, which ends before it", service.name, peer.name);
            }
        }
    }

    #[test]
    fn services_that_do_not_run_are_not_waited_for() {
        let order = names(&[MOCK_SLACK, STREAM_PROCESSOR, CONSOLE]);
        assert_eq!(order, ["stream-processor", "console", "mock-slack"]);
    }

    #[test]
    fn services_in_a_cycle_are_left_out() {
        let one = Service { name: "one", drain_after: &["two"], ..CONSOLE };
        let two = Service { name: "two", drain_after: &["one"], ..CONSOLE };
        assert_eq!(names(&[one, two, STREAM_PROCESSOR]), ["stream-processor"]);
    }
}
