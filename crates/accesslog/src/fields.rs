//! Builds a request from named values, whatever notation they came in.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::names::{self, Measure, Role};
use crate::producer::{self, Signs};
use crate::request::RequestLine;
pub(crate) use crate::value::Value;
use crate::value::{Best, is_date, level, source};
use crate::{Hints, Latency, Request, Status, Unit, Unreadable, latency, time};

/// A collector for the fields of one line.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    hints: &'a Hints,
    signs: Signs,
    time: Best<Timestamp>,
    not_a_time: Option<Value<'a>>,
    date: Option<Value<'a>>,
    began: Option<Value<'a>>,
    ended: Option<Value<'a>>,
    status: Best<Status>,
    not_a_status: Option<Value<'a>>,
    method: Best<Cow<'a, str>>,
    target: Best<Cow<'a, str>>,
    request_line: Option<Cow<'a, str>>,
    ids: [Best<String>; 3],
    latencies: Vec<(u8, Measure, Value<'a>)>,
    /// The unit given by a separate field.
    latency_unit: Option<Unit>,
    /// The value of the field named by `--latency-field`.
    asked: Option<(Measure, Value<'a>)>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(hints: &'a Hints, signs: Signs) -> Self {
        Self {
            hints,
            signs,
            time: Best::default(),
            not_a_time: None,
            date: None,
            began: None,
            ended: None,
            status: Best::default(),
            not_a_status: None,
            method: Best::default(),
            target: Best::default(),
            request_line: None,
            ids: Default::default(),
            latencies: Vec::new(),
            latency_unit: None,
            asked: None,
        }
    }

    /// Adds a field. `path` is its full name, which `--latency-field` may give; `name` is the same without wrapper
    /// objects.
    pub(crate) fn add(&mut self, path: &str, name: &str, value: Value<'a>) {
        if !value.says_something() {
            return;
        }
        let meaning = names::meaning(name);
        if self.hints.latency_field.as_deref().is_some_and(|asked| asked == path || asked == name) {
            let measure = match (self.hints.latency_unit, meaning.map(|meaning| meaning.role)) {
                (Some(unit), _) => Measure::In(unit),
                (None, Some(Role::Latency(measure))) => measure,
                (None, _) => Measure::Unnamed,
            };
            self.asked = Some((measure, value.clone()));
        }
        let Some(meaning) = meaning else { return self.unknown(value) };
        self.signs.add(meaning.signs);
        if name == "request.uri" {
            self.signs.add(Signs::REQUEST_OBJECT);
        }
        let rank = meaning.rank;
        match meaning.role {
            Role::Time => self.time(rank, value),
            Role::Began => self.began = Some(value),
            Role::Ended => self.ended = Some(value),
            Role::Status => match value.status() {
                Some(status) => self.status.offer(rank, status),
                None => self.not_a_status = Some(value),
            },
            Role::Method => self.text(value, |fields, text| fields.method.offer(rank, text)),
            Role::Target => self.text(value, |fields, text| fields.target.offer(rank, text)),
            // Some logs use this name for the path.
            Role::RequestLine => {
                self.text(value, |fields, text| match text.starts_with('/') && !RequestLine::is(&text) {
                    true => fields.target.offer(u8::MAX, text),
                    false => fields.request_line = Some(text),
                })
            }
            Role::RequestId => self.ids[0].offer(rank, value.shown().into_owned()),
            Role::TraceId => self.ids[1].offer(rank, value.shown().into_owned()),
            Role::SpanId => self.ids[2].offer(rank, value.shown().into_owned()),
            Role::Latency(measure) => {
                // API gateways and Go programs use this name for a timestamp.
                if measure == Measure::Nginx
                    && let Some(at) = value.moment()
                {
                    self.time.offer(u8::MAX, at);
                } else {
                    self.latencies.push((rank, measure, value));
                }
            }
            Role::LatencyUnit => self.latency_unit = Unit::named(&value.shown()),
            Role::Level => self.signs.add(level(&value)),
            Role::Source => self.signs.add(source(&value)),
            Role::Sign => {}
        }
    }

    /// Adds a value with an unknown name if its form is typical of an access log: a whole request line, or its time.
    fn unknown(&mut self, value: Value<'a>) {
        let Value::Text(text) = &value else { return };
        if text.contains(" HTTP/") && self.request_line.is_none() && RequestLine::is(text) {
            self.text(value, |fields, text| fields.request_line = Some(text));
        } else if text.len() <= 40 && text.trim_start_matches('[').get(2..3) == Some("/") {
            self.time(u8::MAX, value);
        }
    }

    fn time(&mut self, rank: u8, value: Value<'a>) {
        match value.moment() {
            Some(at) => self.time.offer(rank, at),
            None if matches!(&value, Value::Text(text) if is_date(text)) => self.date = Some(value),
            None => self.not_a_time = Some(value),
        }
    }

    fn text(&mut self, value: Value<'a>, take: impl FnOnce(&mut Self, Cow<'a, str>)) {
        if let Value::Text(text) = value {
            take(self, text);
        }
    }

    /// Adds the line's time if it has no name.
    pub(crate) fn logged_at(&mut self, at: Timestamp) {
        self.time.offer(0, at);
    }

    pub(crate) fn status(&mut self, status: Status) {
        self.status.offer(0, status);
    }

    pub(crate) fn latency(&mut self, text: &'a str) {
        self.latencies.push((0, Measure::Unnamed, Value::text(text)));
    }

    /// Adds nginx's `$request_time` if it has no name.
    pub(crate) fn nginx_latency(&mut self, text: &'a str) {
        self.latencies.push((u8::MAX, Measure::Nginx, Value::text(text)));
    }

    pub(crate) fn request_line(&mut self, line: RequestLine<'a>) {
        if let (Some(method), Some(target)) = (line.method, line.target) {
            self.method.offer(0, Cow::Borrowed(method));
            self.target.offer(0, Cow::Borrowed(target));
        }
    }

    pub(crate) fn has_status(&self) -> bool {
        !self.status.is_none() || self.not_a_status.is_some()
    }

    pub(crate) fn has_target(&self) -> bool {
        !self.target.is_none() || self.request_line.is_some()
    }

    /// Returns the time found so far.
    pub(crate) fn moment(&self) -> Option<Timestamp> {
        let edge = self.ended.as_ref().or(self.began.as_ref()).and_then(Value::moment);
        edge.or_else(|| self.time.get())
    }

    pub(crate) fn has_method(&self) -> bool {
        !self.method.is_none() || self.request_line.is_some()
    }

    /// Returns the request's latency only.
    pub(crate) fn into_latency(mut self) -> Option<Latency> {
        self.find_latency()
    }

    /// Builds the request. A line without a time gets the time of its wrapper.
    pub(crate) fn finish(mut self, outer: Option<Timestamp>) -> Result<Request, Unreadable> {
        let latency = self.find_latency();
        let logged_at = match self.find_time().or(outer) {
            None if self.not_a_time.is_some() => return Err(refused("time", self.not_a_time.as_ref())),
            at => at,
        };
        let Some(status) = self.status.take() else { return Err(refused("status", self.not_a_status.as_ref())) };
        let (method, target) = match (self.target.take(), &self.request_line) {
            (Some(target), _) => (self.method.take().map(Cow::into_owned), Some(target.into_owned())),
            (None, Some(line)) => {
                let line = RequestLine::read(line);
                (line.method.map(str::to_owned), line.target.map(str::to_owned))
            }
            (None, None) => return Err(Unreadable::Missing("path")),
        };
        let [request_id, trace_id, span_id] = self.ids.map(Best::take);
        Ok(Request { logged_at, method, target, status, latency, request_id, trace_id, span_id })
    }

    fn find_time(&self) -> Option<Timestamp> {
        // `date` and `time` of W3C logs.
        let split = || {
            let (date, time) = (self.date.as_ref()?, self.not_a_time.as_ref()?);
            time::text(&format!("{} {}", date.shown(), time.shown()))
        };
        self.moment().or_else(split)
    }

    fn find_latency(&mut self) -> Option<Latency> {
        if self.hints.latency_field.is_some() {
            let (measure, value) = self.asked.as_ref()?;
            return self.measured(value, *measure);
        }
        let by_name = |measure: Measure| match measure {
            Measure::In(_) | Measure::WithUnit => 0,
            Measure::Nginx => 1,
            Measure::Unnamed => 2,
        };
        self.latencies.sort_by_key(|(rank, measure, _)| (by_name(*measure), *rank));
        self.latencies.iter().find_map(|(_, measure, value)| self.measured(value, *measure)).or_else(|| self.edge())
    }

    fn measured(&self, value: &Value<'_>, measure: Measure) -> Option<Latency> {
        if measure == Measure::Nginx && self.signs.has(Signs::NGINX) {
            // Some formats call the seconds `msec`.
            if let Value::Text(text) = value
                && let Some((seconds, 3)) = latency::decimals(text.split(' ').next()?)
            {
                return Latency::new(seconds, self.hints.latency_unit.unwrap_or(Unit::Seconds));
            }
        }
        if let Value::Text(text) = value
            && let Some(latency) = Latency::with_own_unit(text)
        {
            return Some(latency);
        }
        let number = value.number()?;
        let unit = match measure {
            Measure::In(unit) => Some(unit),
            Measure::WithUnit => None,
            Measure::Nginx => self.hints.latency_unit.or_else(|| self.nginx(value, number)),
            Measure::Unnamed => {
                let told = self.latency_unit.or(self.hints.latency_unit);
                told.or_else(|| producer::unit(self.signs, value, number))
            }
        };
        Latency::new(number, unit?)
    }

    /// Recognises nginx's seconds with three decimals. Programs that forward them may drop trailing zeros.
    fn nginx(&self, value: &Value<'_>, number: f64) -> Option<Unit> {
        let is_zero = matches!(value, Value::Whole(0));
        let is_nginx = is_zero || self.signs.has(Signs::NGINX);
        if is_nginx { Some(Unit::Seconds) } else { producer::three_decimals(value, number) }
    }

    /// Returns the time from beginning to end if both are finer than a second: the difference of whole seconds is too
    /// coarse.
    fn edge(&self) -> Option<Latency> {
        let (began, ended) = (self.began.as_ref()?, self.ended.as_ref()?);
        let fine = |value: &Value<'_>| match value {
            Value::Text(text) if text.contains('.') => true,
            _ => value.number().is_some_and(|number| number >= 1e11),
        };
        if !(fine(began) && fine(ended)) {
            return None;
        }
        Latency::new(ended.moment()?.duration_since(began.moment()?).as_secs_f64(), Unit::Seconds)
    }
}

fn refused(what: &'static str, value: Option<&Value<'_>>) -> Unreadable {
    value.map_or(Unreadable::Missing(what), |value| Unreadable::field(what, &value.shown()))
}
