//! A fault is injected, detected, notified, healed, and notified as resolved, each within the promised time.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tidewatch_client::{MockSlack, Simulator};
use tidewatch_contract::http::mock_slack::{ALERTS, NotificationStatus};
use tidewatch_contract::http::processor::STATUS;
use tidewatch_contract::http::simulator::SERVICES;
use tokio::time::{Instant, sleep};

use super::super::outcome::{Failure, Note, Verdict};
use super::super::stack::Stack;
use super::lacks;
use crate::promises::{PROMISES, Promise, RESOLVED_WITHIN};
use crate::simulator::Simulated;
use crate::{inbox, processor};

/// Additional seconds allowed for Alertmanager.
const ALERTMANAGER: f64 = 5.0;
/// Additional time to wait for late notifications, so that the report can say how late they are.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(200);

/// Injects the fault of a promise into the service with the same number, so that no service has two faults.
pub(in super::super) async fn check(stack: Arc<Stack>, note: Note, number: usize) -> Verdict {
    let Some(simulator) = &stack.simulator else { return lacks("simulator") };
    let Some(mock_slack) = &stack.mock_slack else { return lacks("mock_slack") };
    let Some(promise) = PROMISES.get(number) else { return lacks("promise") };
    let extra = if stack.alertmanager.is_some() { ALERTMANAGER } else { 0.0 };
    match service(simulator, number).await {
        Ok(service) => Trial { stack: &stack, note: &note, simulator, mock_slack, promise, service, extra }.run().await,
        Err(error) => {
            Verdict::Failed(Failure::new("a service to break", format!("{error:#}"), stack.curl("simulator", SERVICES)))
        }
    }
}

/// Returns the simulated service with this number.
pub(super) async fn service(simulator: &Simulator, number: usize) -> anyhow::Result<Simulated> {
    let services = simulator.services().await?;
    let count = services.len();
    services.into_iter().nth(number).ok_or_else(|| anyhow::anyhow!("the simulator has only {count} services"))
}

struct Trial<'a> {
    stack: &'a Stack,
    note: &'a Note,
    simulator: &'a Simulator,
    mock_slack: &'a MockSlack,
    promise: &'a Promise,
    service: Simulated,
    extra: f64,
}

impl Trial<'_> {
    async fn run(self) -> Verdict {
        let Self { stack, promise, service, .. } = &self;
        let (rule, name) = (promise.rule(), &service.service);
        self.note.doing(format!("{name}: injecting"));
        let injected_at = match stack.inject(self.simulator, name, promise.request()).await {
            Ok(fault) => fault.injected_at,
            Err(error) => return self.failed("the simulator accepts the fault", format!("{error:#}")),
        };
        let notified = self.begun(injected_at).await;
        // Even if no notification arrived.
        let healed_at = match stack.heal(self.simulator, name).await {
            Ok(Some(healed_at)) => healed_at,
            Ok(None) => {
                return self.failed(
                    "the fault stays active until this check heals it",
                    "another client has healed it".to_owned(),
                );
            }
            Err(error) => return self.failed("the simulator heals the fault", format!("{error:#}")),
        };
        let notified = match notified {
            Ok(seconds) => seconds,
            Err(verdict) => return verdict,
        };
        let resolved = match self.over(healed_at).await {
            Ok(seconds) => seconds,
            Err(verdict) => return verdict,
        };
        let late: Vec<String> =
            [("notified", notified, promise.within + self.extra), ("resolved", resolved, RESOLVED_WITHIN + self.extra)]
                .into_iter()
                .filter(|(_, seconds, limit)| seconds > limit)
                .map(|(what, seconds, limit)| format!("{what} after {seconds:.1} s, but {limit:.0} s are promised"))
                .collect();
        if late.is_empty() {
            return Verdict::Passed(format!(
                "{name}: {rule} notified after {notified:.1} s, resolved after {resolved:.1} s"
            ));
        }
        self.failed("the notifications of the alert and of its end arrive in the promised time", late.join("; "))
    }

    /// Waits until the processor has detected the fault in every region and mock-slack has received the notifications;
    /// returns the seconds.
    async fn begun(&self, since: Timestamp) -> Result<f64, Verdict> {
        let Self { promise, service, .. } = self;
        let limit = promise.within + self.extra;
        let deadline = Instant::now() + Duration::from_secs_f64(limit) + GRACE;
        let regions = service.regions.len();
        let mut detected = 0;
        loop {
            if detected < regions
                && let Ok(status) = self.stack.processor.status().await
            {
                detected = processor::firing_regions(&status, promise.rule(), &service.service).len();
                if detected == regions {
                    self.note.took("detected", seconds_since(since), None);
                }
            }
            let notified = self.notified(NotificationStatus::Firing, since).await?;
            if notified.len() == regions {
                return Ok(self.took("told", since, &notified, limit));
            }
            self.note.doing(format!(
                "{}: detected in {detected} of {regions} regions, notified of {}",
                service.service,
                notified.len()
            ));
            if Instant::now() > deadline {
                let name = &service.service;
                let seen = if detected < regions {
                    format!(
                        "the stream-processor detected it in {detected} of {regions} regions of {name} within \
                         {limit:.0} s"
                    )
                } else {
                    format!(
                        "the stream-processor detected it in every region of {name}, but mock-slack was notified of \
                         {} of {regions}: alert-relay{} did not deliver",
                        notified.len(),
                        if self.extra > 0.0 { " or Alertmanager" } else { "" }
                    )
                };
                return Err(self.failed(
                    &format!("a notification of {} arrives for every region within {limit:.0} s", promise.rule()),
                    seen,
                ));
            }
            sleep(POLL).await;
        }
    }

    /// Waits until mock-slack has received the resolved notification of every region; returns the seconds.
    async fn over(&self, since: Timestamp) -> Result<f64, Verdict> {
        let Self { promise, service, .. } = self;
        let limit = RESOLVED_WITHIN + self.extra;
        let deadline = Instant::now() + Duration::from_secs_f64(limit) + GRACE;
        loop {
            let notified = self.notified(NotificationStatus::Resolved, since).await?;
            if notified.len() == service.regions.len() {
                return Ok(self.took("resolved", since, &notified, limit));
            }
            self.note.doing(format!("{}: healed, waiting for the end of {}", service.service, promise.rule()));
            if Instant::now() > deadline {
                let seen = format!(
                    "mock-slack was notified of the end in {} of {} regions",
                    notified.len(),
                    service.regions.len()
                );
                return Err(self.failed(
                    &format!(
                        "a notification of the end of {} arrives within {limit:.0} s of the healing",
                        promise.rule()
                    ),
                    seen,
                ));
            }
            sleep(POLL).await;
        }
    }

    async fn notified(&self, status: NotificationStatus, since: Timestamp) -> Result<Vec<Timestamp>, Verdict> {
        let all = self
            .mock_slack
            .notifications()
            .await
            .map_err(|error| self.failed("mock-slack lists its notifications", format!("{error:#}")))?;
        Ok(inbox::by_region(&all, self.promise.rule(), &self.service, status, since).into_values().collect())
    }

    /// Records and returns the seconds to the last of these times.
    fn took(&self, name: &'static str, since: Timestamp, notified: &[Timestamp], limit: f64) -> f64 {
        let seconds = notified.iter().map(|at| at.duration_since(since).as_secs_f64()).fold(0.0, f64::max);
        self.note.took(name, seconds, Some(limit));
        seconds
    }

    fn failed(&self, expected: &str, seen: String) -> Verdict {
        let more = format!("{}; {}", self.stack.curl("processor", STATUS), self.stack.curl("mock_slack", ALERTS));
        Verdict::Failed(Failure::new(expected, seen, more))
    }
}

fn seconds_since(then: Timestamp) -> f64 {
    Timestamp::now().duration_since(then).as_secs_f64()
}
