//! Turns platform/services.toml into constants. A file that doesn't have the expected shape fails the build.
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::{self, Write};
use std::path::PathBuf;
use std::{env, fs};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry {
    admin_port: u16,
    service: Vec<Service>,
    server: Vec<Server>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    about: String,
    endpoint: String,
    page: Option<u16>,
    live: String,
    talks_to: Vec<Peer>,
    #[serde(default)]
    drain_after: Vec<String>,
    webhook: Option<String>,
    #[serde(default)]
    faults: bool,
    #[serde(default)]
    critical: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    name: String,
    flag: String,
    port: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    name: String,
    title: String,
    ports: BTreeMap<String, u16>,
    ready: Option<String>,
    #[serde(default)]
    metrics: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("{name} is not set"));
    let file = variable("CARGO_MANIFEST_DIR")?.join("../../platform/services.toml");
    println!("cargo::rerun-if-changed={}", file.display());
    let registry: Registry =
        toml::from_str(&fs::read_to_string(&file)?).map_err(|error| format!("platform/services.toml: {error}"))?;
    let mut code = String::new();
    write_services(&mut code, &registry)?;
    write_servers(&mut code, &registry.server)?;
    fs::write(variable("OUT_DIR")?.join("registry.rs"), code)?;
    Ok(())
}

fn write_services(code: &mut String, registry: &Registry) -> Result<(), Box<dyn Error>> {
    let admin_port = registry.admin_port;
    writeln!(
        code,
        "/// The admin port of a service that runs alone.\npub const ADMIN_PORT: Port = Port({admin_port});"
    )?;
    for (service, admin) in registry.service.iter().zip(admin_port..) {
        let Service { name, about, endpoint, live, drain_after, faults, critical, .. } = service;
        let page = service.page.map(|page| format!("Port({page})"));
        let page = page.map_or("None".to_owned(), |page| format!("Some({page})"));
        let mut peers = String::new();
        for Peer { name, flag, port } in &service.talks_to {
            write!(peers, "Peer {{ name: {name:?}, flag: {flag:?}, port: {port:?} }}, ")?;
        }
        writeln!(code, "/// The {name}.\npub const {}: Service = Service {{", constant(name))?;
        writeln!(code, "name: {name:?}, about: {about:?}, endpoint: {endpoint:?}, page: {page},")?;
        writeln!(code, "admin: Port({admin}), live: {live:?},")?;
        writeln!(code, "talks_to: &[{peers}], drain_after: &{drain_after:?},")?;
        writeln!(code, "faults: {faults}, critical: {critical} }};")?;
        if let Some(page) = service.page {
            writeln!(code, "/// The port of the {name}'s page or API.")?;
            writeln!(code, "pub const {}_PAGE: Port = Port({page});", constant(name))?;
        }
        if let Some(webhook) = &service.webhook {
            writeln!(code, "/// The path at the {name}'s page that receives notifications.")?;
            writeln!(code, "pub const {}_WEBHOOK: &str = {webhook:?};", constant(name))?;
        }
    }
    write_list(code, "Service", "SERVICES", registry.service.iter().map(|service| service.name.as_str()))?;
    Ok(())
}

fn write_servers(code: &mut String, servers: &[Server]) -> Result<(), Box<dyn Error>> {
    for Server { name, title, ports, ready, metrics } in servers {
        let Some(port) = ports.get("http").or(ports.get("broker")) else {
            return Err(format!("platform/services.toml: {name}: expected a port named http or broker").into());
        };
        let mut listed = String::new();
        for (name, port) in ports {
            write!(listed, "({name:?}, Port({port})), ")?;
        }
        writeln!(code, "/// {title}.\npub const {}: Server = Server {{", constant(name))?;
        writeln!(code, "name: {name:?}, title: {title:?}, port: Port({port}), ports: &[{listed}],")?;
        writeln!(code, "ready: {ready:?}, metrics: {metrics} }};")?;
    }
    write_list(code, "Server", "SERVERS", servers.iter().map(|server| server.name.as_str()))?;
    Ok(())
}

fn write_list<'a>(code: &mut String, of: &str, list: &str, names: impl Iterator<Item = &'a str>) -> fmt::Result {
    let constants: Vec<String> = names.map(constant).collect();
    writeln!(code, "/// All of them, in the order of the file.")?;
    writeln!(code, "pub const {list}: [{of}; {}] = [{}];", constants.len(), constants.join(", "))
}

fn constant(name: &str) -> String {
    name.replace('-', "_").to_uppercase()
}
