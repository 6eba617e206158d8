//! Objectives, error budgets and burn rates.

use crate::annotation::AlertAnnotation;
use crate::dashboard::{Design, Section};
use crate::limits;
use crate::link::Link;
use crate::panel::{Panel, Style};
use crate::query::Target;
use crate::table::Column;
use crate::threshold::Thresholds;
use crate::unit::Unit;
use crate::variable::Variable;

pub(crate) const UID: &str = "tidewatch-slo";

pub(crate) fn design() -> Design {
    Design {
        uid: UID,
        title: "Tidewatch: objectives",
        description: "Service level objectives, the remaining error budget of each, and its burn rate.",
        from: "now-6h",
        variables: vec![Variable::new("slo", "Objective", "slo:error_budget:ratio")],
        annotations: AlertAnnotation::both(".*"),
        sections: vec![budgets(), burn_rates(), events()],
    }
}

/// Returns a query for the burn rate, computed from the error ratio over `window`.
fn burn(window: &str) -> String {
    format!(
        "slo:error_ratio:rate{window}{{slo=~\"$slo\"}} / on (slo, service) group_left () \
         slo:error_budget:ratio{{slo=~\"$slo\"}}"
    )
}

fn budgets() -> Section {
    let burn_column = |title, query, limit, page: bool| {
        let limit = if page { Thresholds::critical_from(limit) } else { Thresholds::warning_from(limit) };
        Column::value(title, query, Unit::BurnRate, limit, 1)
    };
    let table = Panel::table(
        "Objectives",
        "The target, remaining error budget and burn rates of each objective. At 1× the budget lasts exactly for the \
         window.",
        vec![
            Column::label("slo").width(260).link(Link::dashboard(
                "Only this objective",
                UID,
                "var-slo=${__value.text}",
            )),
            Column::label("window").width(75),
            Column::value("Target", 0, Unit::Share, Thresholds::none(), 2),
            Column::value("Budget left", 1, Unit::Share, Thresholds::falling(limits::BUDGET_LOW, 0.0), 2).sorted(false),
            burn_column("1 h", 2, limits::BURN_1H, true),
            burn_column("6 h", 3, limits::BURN_6H, true),
            burn_column("1 d", 4, limits::BURN_1D, false),
            burn_column("3 d", 5, limits::BURN_3D, false),
        ],
    )
    .ask(Target::table("sum by (slo, window) (1 - slo:error_budget:ratio{slo=~\"$slo\"})"))
    .ask(Target::table("sum by (slo) (slo:error_budget_remaining:ratio{slo=~\"$slo\"})"))
    .ask(Target::table(format!("sum by (slo) ({})", burn("1h"))))
    .ask(Target::table(format!("sum by (slo) ({})", burn("6h"))))
    .ask(Target::table(format!("sum by (slo) ({})", burn("1d"))))
    .ask(Target::table(format!("sum by (slo) ({})", burn("3d"))));
    let left = Panel::graph(
        "Error budget left",
        "Unspent share of each objective's error budget. Below zero, the objective is missed.",
        Unit::Share,
        Thresholds::falling(limits::BUDGET_LOW, 0.0),
    )
    .free_axis()
    .max(1.0)
    .ask(Target::range("slo:error_budget_remaining:ratio{slo=~\"$slo\"}").legend("{{slo}}"));
    Section::top().band(9, [(14, table), (10, left)])
}

fn burn_rates() -> Section {
    let panel = |(long, short): (&str, &str), description: &str, limit: Thresholds, alert: &str| {
        Panel::graph(&format!("Burn rate over {long} and {short}"), description, Unit::BurnRate, limit)
            .ask(Target::range(burn(long)).legend("{{slo}}"))
            .ask(Target::range(burn(short)).legend("{{slo}}"))
            .style_last(Style::Companion)
            .link(Link::runbook("Runbook", alert))
    };
    let page = "ErrorBudgetBurnPage";
    let ticket = "ErrorBudgetBurnTicket";
    let hour = panel(
        ("1h", "5m"),
        "Pages while both windows are above the line; the shorter window is dashed. At the line, 2 % of a 30-day \
         budget is spent in an hour.",
        Thresholds::critical_from(limits::BURN_1H),
        page,
    );
    let six_hours = panel(
        ("6h", "30m"),
        "Pages while both windows are above the line; the shorter window is dashed. At the line, 5 % of a 30-day \
         budget is spent in six hours.",
        Thresholds::critical_from(limits::BURN_6H),
        page,
    );
    let day = panel(
        ("1d", "2h"),
        "Opens a ticket while both windows are above the line; the shorter window is dashed. At the line, 10 % of a \
         30-day budget is spent in a day.",
        Thresholds::warning_from(limits::BURN_1D),
        ticket,
    );
    let three_days = panel(
        ("3d", "6h"),
        "Opens a ticket while both windows are above the line; the shorter window is dashed. At the line, 10 % of a \
         30-day budget is spent in three days.",
        Thresholds::warning_from(limits::BURN_3D),
        ticket,
    );
    Section::new("Burn rates").band(7, [(12, hour), (12, six_hours)]).band(7, [(12, day), (12, three_days)])
}

fn events() -> Section {
    let all = Panel::graph(
        "Events",
        "Events that the objective counts, per second: requests or time slices.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(Target::range("slo:events:rate5m{slo=~\"$slo\"}").legend("{{slo}}"));
    let bad = Panel::graph(
        "Bad events",
        "Events that count against the budget, per second.",
        Unit::Events,
        Thresholds::none(),
    )
    .ask(Target::range("slo:bad_events:rate5m{slo=~\"$slo\"}").legend("{{slo}}"));
    Section::new("Counted events").band(7, [(12, all), (12, bad)])
}
