//! `tidewatch bench notify`: measures the seconds from a fault to the notification in mock-slack, and from healing to
//! the resolved notification.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use tidewatch_client::{MockSlack, Processor, Simulator};
use tidewatch_contract::http::mock_slack::NotificationStatus;
use tokio::time::{Instant, sleep};

use crate::promises::{self, PROMISES, Promise, RESOLVED_WITHIN};
use crate::say::say;
use crate::simulator::Simulated;
use crate::state::{Endpoints, StateArgs};
use crate::{http, inbox, processor, table};

const POLL: Duration = Duration::from_millis(200);
/// Time limit for firing and for resolved notifications.
const LIMIT: Duration = Duration::from_secs(180);
/// Time limit for all rules to be armed; traffic rules need 120 s of traffic.
const ARMED: Duration = Duration::from_secs(300);
/// Seconds between two windows: the point between them at which a fault starts determines how soon it is seen.
const HOP: f64 = 5.0;
/// Pause between two trials with a service, so that its windows contain nothing of the last trial.
const REST: Duration = Duration::from_secs(70);

/// Measure the seconds from a fault to its notification
///
/// Breaks three services at once, each in its own way (latency x10, 30 % errors, silence), waits until mock-slack has
/// been notified of every region, heals, waits for the all-clear, and repeats; faults start at moments spread evenly
/// over the 5 s between two windows. Takes about four minutes per trial. Exit code 1 if anything took longer than
/// promised, or an alert fired for another service.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Number of times each fault is injected
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    trials: u32,
    #[command(flatten)]
    state: StateArgs,
}

/// The results of a trial in seconds.
#[derive(Debug, Clone, Copy)]
struct Trial {
    /// From the injection to the first region's notification.
    first: f64,
    /// From the injection to the last region's notification.
    all: f64,
    /// From healing to the last region's resolved notification.
    resolved: f64,
}

/// Injects the faults, measures, and prints the results.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let endpoints = args.state.endpoints()?;
    let bench = Bench::new(&endpoints).await?;
    say!("waiting until every rule is armed and nothing fires");
    bench.armed().await?;
    let began = Timestamp::now();
    say!("{} trials of each fault, about {} min", args.trials, args.trials * 4);
    let (first, second, third) =
        tokio::try_join!(bench.trials(0, args.trials), bench.trials(1, args.trials), bench.trials(2, args.trials))?;
    let results = [first, second, third];
    say!("\n{}", render(&results).trim_end());
    say!(
        "seconds; broker: {}; first: until the notification of one region, all: until those of all regions",
        bench.broker
    );
    bench.verdict(&results, began).await
}

struct Bench {
    simulator: Simulator,
    mock_slack: MockSlack,
    processor: Processor,
    broker: String,
    services: Vec<Simulated>,
}

impl Bench {
    async fn new(endpoints: &Endpoints) -> anyhow::Result<Self> {
        let url = |name| http::required(endpoints, name);
        let simulator = Simulator::new(url("simulator")?, http::LIMIT)?;
        let services = simulator.services().await?;
        if services.len() < PROMISES.len() {
            return Err(anyhow!("the simulator has {} services, but {} are needed", services.len(), PROMISES.len()));
        }
        Ok(Self {
            simulator,
            mock_slack: MockSlack::new(url("mock_slack")?, http::LIMIT)?,
            processor: Processor::new(url("processor")?, http::LIMIT)?,
            broker: endpoints.get("broker").unwrap_or("unknown").to_owned(),
            services,
        })
    }

    /// Waits until every rule of every simulated group is armed and reports that all is well.
    async fn armed(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + ARMED;
        loop {
            let waiting = processor::not_quiet(&self.processor.status().await?, &self.services, &promises::rules());
            if waiting.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(anyhow!(
                    "not every rule is armed and quiet after {} s ({}): heal what is broken first",
                    ARMED.as_secs(),
                    waiting.join(", ")
                ));
            }
            sleep(POLL).await;
        }
    }

    /// Injects one kind of fault repeatedly, always into the same service, so that different kinds don't meet.
    async fn trials(&self, case: usize, count: u32) -> anyhow::Result<Vec<Trial>> {
        let service = &self.services[case];
        let case = &PROMISES[case];
        let mut trials = Vec::new();
        for number in 0..count {
            if number > 0 {
                sleep(REST).await;
            }
            until_phase(HOP * f64::from(number) / f64::from(count)).await;
            let trial =
                self.trial(case, service).await.with_context(|| format!("{} of {}", case.name, service.service))?;
            say!(
                "{:>3}  {:<12} {:<16} first {:>5.1} s  all {:>5.1} s  resolved {:>5.1} s",
                number + 1,
                case.name,
                service.service,
                trial.first,
                trial.all,
                trial.resolved
            );
            trials.push(trial);
        }
        Ok(trials)
    }

    async fn trial(&self, case: &Promise, service: &Simulated) -> anyhow::Result<Trial> {
        let injected_at = self.simulator.inject(&service.service, None, &case.request()).await?.injected_at;
        let notified = self.notified(case, service, NotificationStatus::Firing, injected_at).await;
        // Even if no notification arrived: the fault must not affect what is measured next.
        let healed = self.simulator.heal(Some(&service.service)).await?;
        let notified = notified?;
        let healed_at =
            healed.first().and_then(|fault| fault.healed_at).context("the fault was healed by another client")?;
        let resolved = self.notified(case, service, NotificationStatus::Resolved, healed_at).await?;
        let since = |then: Timestamp, seconds: &[Timestamp]| -> Vec<f64> {
            seconds.iter().map(|at| at.duration_since(then).as_secs_f64()).collect()
        };
        let (fired, ended) = (since(injected_at, &notified), since(healed_at, &resolved));
        let greatest = |seconds: &[f64]| seconds.iter().copied().fold(0.0, f64::max);
        Ok(Trial {
            first: fired.iter().copied().fold(f64::INFINITY, f64::min),
            all: greatest(&fired),
            resolved: greatest(&ended),
        })
    }

    /// Waits until mock-slack has been notified of every region of the service, and returns the times.
    async fn notified(
        &self,
        case: &Promise,
        service: &Simulated,
        status: NotificationStatus,
        since: Timestamp,
    ) -> anyhow::Result<Vec<Timestamp>> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let all = self.mock_slack.notifications().await?;
            let times: Vec<Timestamp> =
                inbox::by_region(&all, case.rule(), service, status, since).into_values().collect();
            if times.len() == service.regions.len() {
                return Ok(times);
            }
            if Instant::now() > deadline {
                return Err(anyhow!(
                    "{} of {} regions had a {} {} after {} s",
                    times.len(),
                    service.regions.len(),
                    status.as_str(),
                    case.rule(),
                    LIMIT.as_secs()
                ));
            }
            sleep(POLL).await;
        }
    }

    /// Checks that everything was as promised: in time, and no alerts but those of the faults.
    async fn verdict(&self, results: &[Vec<Trial>], began: Timestamp) -> anyhow::Result<()> {
        let own: BTreeSet<(&str, &str)> = PROMISES
            .iter()
            .zip(&self.services)
            .map(|(case, service)| (case.rule(), service.service.as_str()))
            .collect();
        let notifications = self.mock_slack.notifications().await?;
        let others: BTreeSet<String> = notifications
            .iter()
            .filter(|one| one.received_at >= began && one.status == NotificationStatus::Firing)
            .map(|one| (one.label("alertname"), one.label("service")))
            .filter(|alert| !own.contains(alert))
            .map(|(rule, service)| format!("{rule} for {service}"))
            .collect();
        let slow: Vec<&str> = PROMISES
            .iter()
            .zip(results)
            .filter(|(case, trials)| {
                trials.iter().any(|trial| trial.all > case.within || trial.resolved > RESOLVED_WITHIN)
            })
            .map(|(case, _)| case.name)
            .collect();
        match (others.is_empty(), slow.is_empty()) {
            (true, true) => {
                say!("all notifications came within the promised time, and no other alert fired");
                Ok(())
            }
            (false, _) => Err(anyhow!("alerts that no fault explains: {}", Vec::from_iter(others).join(", "))),
            (true, false) => Err(anyhow!("slower than promised: {}", slow.join(", "))),
        }
    }
}

/// Sleeps until the clock is `phase` seconds after a multiple of [`HOP`].
async fn until_phase(phase: f64) {
    let now = Timestamp::now().as_duration().as_secs_f64();
    sleep(Duration::from_secs_f64((phase - now).rem_euclid(HOP))).await;
}

fn render(results: &[Vec<Trial>]) -> String {
    let rows: Vec<Vec<String>> = PROMISES
        .iter()
        .zip(results)
        .map(|(case, trials)| {
            let cell = |of: fn(&Trial) -> f64| {
                let (median, worst) = median_and_worst(trials.iter().map(of).collect());
                format!("{median:.1} / {worst:.1}")
            };
            vec![
                case.name.to_owned(),
                trials.len().to_string(),
                cell(|trial| trial.first),
                cell(|trial| trial.all),
                format!("{:.0}", case.within),
                cell(|trial| trial.resolved),
                format!("{RESOLVED_WITHIN:.0}"),
            ]
        })
        .collect();
    let headings = ["median / worst", ">trials", ">first", ">all", ">limit", ">resolved", ">limit"];
    table::render(&headings, &rows)
}

/// Returns the element at rank floor((n-1)/2), and the maximum; zeros if there are no elements.
fn median_and_worst(mut seconds: Vec<f64>) -> (f64, f64) {
    seconds.sort_by(f64::total_cmp);
    let median = seconds.get(seconds.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    (median, seconds.last().copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_lower_middle_and_the_worst_the_greatest() {
        assert_eq!(median_and_worst(vec![3.0, 1.0, 2.0]), (2.0, 3.0));
        assert_eq!(median_and_worst(vec![4.0, 3.0, 1.0, 2.0]), (2.0, 4.0));
        assert_eq!(median_and_worst(vec![]), (0.0, 0.0));
    }

    #[test]
    fn the_table_fits_80_columns() {
        let trials = vec![Trial { first: 14.26, all: 117.0, resolved: 172.5 }];
        let text = render(&[trials.clone(), trials.clone(), trials]);
        assert!(text.contains("latency x10"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}
