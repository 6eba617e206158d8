//! The simulated services while they are healthy: names, regions, endpoints, rates and latencies.

/// The 99th percentile of the standard normal distribution, used to derive a log-normal's shape from its median and
/// P99.
const NORMAL_P99: f64 = 2.326_347_874;

/// The simulated services and how they behave without a fault.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The services; each runs in every region.
    pub services: Vec<ServiceProfile>,
    /// The regions; requests spread evenly over them.
    pub regions: Vec<&'static str>,
    /// Requests per second and service, across all its regions.
    pub events_per_second: f64,
    /// Share of requests that fail, 0 to 1.
    pub error_rate: f64,
    /// Share of requests that take 8 to 20 times as long, 0 to 1.
    pub latency_spike_probability: f64,
}

impl Workload {
    /// [`Self::events_per_second`] by default.
    pub const EVENTS_PER_SECOND: f64 = 20.0;
    /// [`Self::error_rate`] by default.
    pub const ERROR_RATE: f64 = 0.0001;
    /// [`Self::latency_spike_probability`] by default.
    pub const LATENCY_SPIKE_PROBABILITY: f64 = 0.0002;

    /// Creates a workload of the four default services in three regions.
    pub fn new(events_per_second: f64, error_rate: f64, latency_spike_probability: f64) -> Self {
        Self {
            services: SERVICES.to_vec(),
            regions: REGIONS.to_vec(),
            events_per_second,
            error_rate,
            latency_spike_probability,
        }
    }

    /// Returns whether a service with this name is simulated.
    pub fn has_service(&self, name: &str) -> bool {
        self.services.iter().any(|service| service.name == name)
    }

    /// Returns whether a region with this name is simulated.
    pub fn has_region(&self, name: &str) -> bool {
        self.regions.contains(&name)
    }
}

impl Default for Workload {
    /// Returns the default workload. It is healthy, so no alert may fire.
    fn default() -> Self {
        Self::new(Self::EVENTS_PER_SECOND, Self::ERROR_RATE, Self::LATENCY_SPIKE_PROBABILITY)
    }
}

/// A simulated service.
#[derive(Debug, Clone, Copy)]
pub struct ServiceProfile {
    /// Name of the service.
    pub name: &'static str,
    /// Median latency in milliseconds.
    pub median_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
    /// The routes and how often each is requested.
    pub endpoints: &'static [Endpoint],
}

impl ServiceProfile {
    /// Returns the location and scale (mu, sigma) of the log-normal distribution with the profile's median and P99:
    /// median = e^mu, P99 = e^(mu + 2.326 sigma).
    pub(crate) fn log_normal(&self) -> (f64, f64) {
        (self.median_ms.ln(), (self.p99_ms / self.median_ms).ln() / NORMAL_P99)
    }
}

/// A route of a service.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// HTTP method.
    pub method: &'static str,
    /// Path with ids templated.
    pub path: &'static str,
    /// How often it is requested, relative to the service's other routes.
    pub weight: u32,
    /// Status code of a successful response.
    pub success: u16,
    /// A client error that is normal for this route: its status code and its share of requests.
    pub client_error: Option<(u16, f64)>,
}

const REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

const fn route(method: &'static str, path: &'static str, weight: u32, success: u16) -> Endpoint {
    Endpoint { method, path, weight, success, client_error: None }
}

const fn refusing(endpoint: Endpoint, status: u16, share: f64) -> Endpoint {
    Endpoint { client_error: Some((status, share)), ..endpoint }
}

/// The services, with medians of 40 to 60 ms and P99s of 120 to 200 ms: far below the 500 ms objective when healthy,
/// and above it as soon as they are ten times slower.
const SERVICES: [ServiceProfile; 4] = [
    ServiceProfile {
        name: "api-service",
        median_ms: 45.0,
        p99_ms: 150.0,
        endpoints: &[
            route("GET", "/api/v1/products", 30, 200),
            refusing(route("GET", "/api/v1/products/{id}", 25, 200), 404, 0.02),
            route("GET", "/api/v1/search", 20, 200),
            refusing(route("GET", "/api/v1/orders/{id}", 15, 200), 404, 0.01),
            refusing(route("POST", "/api/v1/orders", 10, 201), 422, 0.01),
        ],
    },
    ServiceProfile {
        name: "auth-service",
        median_ms: 40.0,
        p99_ms: 120.0,
        endpoints: &[
            refusing(route("POST", "/oauth/token", 40, 200), 401, 0.03),
            route("GET", "/oauth/userinfo", 25, 200),
            refusing(route("POST", "/login", 20, 200), 401, 0.06),
            route("POST", "/logout", 10, 204),
            refusing(route("POST", "/password/reset", 5, 202), 429, 0.02),
        ],
    },
    ServiceProfile {
        name: "payment-service",
        median_ms: 60.0,
        p99_ms: 200.0,
        endpoints: &[
            refusing(route("POST", "/payments", 35, 201), 402, 0.02),
            refusing(route("GET", "/payments/{id}", 30, 200), 404, 0.005),
            route("POST", "/payments/{id}/capture", 20, 200),
            route("GET", "/payment-methods", 10, 200),
            refusing(route("POST", "/refunds", 5, 201), 409, 0.01),
        ],
    },
    ServiceProfile {
        name: "user-service",
        median_ms: 50.0,
        p99_ms: 160.0,
        endpoints: &[
            refusing(route("GET", "/users/{id}", 50, 200), 404, 0.01),
            route("GET", "/users/{id}/preferences", 25, 200),
            refusing(route("PATCH", "/users/{id}", 15, 200), 422, 0.01),
            refusing(route("POST", "/users", 7, 201), 409, 0.02),
            route("DELETE", "/users/{id}", 3, 204),
        ],
    },
];
