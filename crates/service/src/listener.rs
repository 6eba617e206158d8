//! A bound listener that rejects requests for other hosts.
use crate::{
    Host, Shutdown,
    host::Hosts,
    serve::{Limits, serve},
};
use anyhow::anyhow;
use axum::Router;
use std::{io::ErrorKind, net::SocketAddr};
use tokio::net::TcpListener;

/// A bound HTTP listener; it answers requests once `serve` runs.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
    hosts: Option<Hosts>,
    limits: Limits,
}

impl Listener {
    /// Binds `addr`. An error is one sentence that names `flag` (such as `--listen`) and its environment variable.
    ///
    /// On a loopback address it accepts requests for `localhost`, `127.0.0.1`, `[::1]`, that address and the `allowed`
    /// hosts. On any other address it accepts every host, or, if there are `allowed` hosts, only those and IP
    /// addresses.
    pub(crate) async fn bind(flag: &'static str, addr: SocketAddr, allowed: &[Host]) -> anyhow::Result<Self> {
        let name = flag.trim_start_matches('-');
        let refuse = |error: std::io::Error| {
            let reason = match error.kind() {
                ErrorKind::AddrInUse => "address already in use".into(),
                ErrorKind::AddrNotAvailable => "not an address of this machine".into(),
                ErrorKind::PermissionDenied => "not permitted to bind this port".into(),
                _ => error.to_string(),
            };
            let variable = name.replace('-', "_").to_uppercase();
            anyhow!("--{name} {addr}: {reason}; choose another with --{name} or {variable}")
        };
        let socket = TcpListener::bind(addr).await.map_err(refuse)?;
        let addr = socket.local_addr().map_err(refuse)?;
        Ok(Self { socket, addr, hosts: Hosts::of(addr.ip(), allowed), limits: Limits::default() })
    }

    /// Returns the address it is bound to, with the actual port if port 0 was requested.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers requests until `shutdown` triggers, and then finishes those in progress, for at most 1 s. A client that
    /// takes more than 10 s to send the head of a request is disconnected; if reading the body and answering take more
    /// than 30 s, the answer is 408. At most 256 connections are open at once; further ones wait.
    pub(crate) async fn serve(self, routes: Router, shutdown: Shutdown) {
        let routes = match self.hosts {
            Some(hosts) => hosts.only(routes),
            None => routes,
        };
        serve(self.socket, routes, shutdown, self.limits).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_error_names_the_port_in_use_its_flag_and_its_variable() {
        let first = Listener::bind("--admin-listen", ([127, 0, 0, 1], 0).into(), &[]).await.unwrap();
        let addr = first.addr();
        let error = Listener::bind("--admin-listen", addr, &[]).await.unwrap_err();
        let expected = format!(
            "--admin-listen {addr}: address already in use; choose another with --admin-listen or ADMIN_LISTEN"
        );
        assert_eq!(error.to_string(), expected);
    }
}
