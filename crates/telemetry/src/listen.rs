//! Binds a listener, or says which flag to change.
use anyhow::anyhow;
use std::{io::ErrorKind, net::SocketAddr};
use tokio::net::TcpListener;

/// Binds `addr`; an error is one sentence that names `flag` (such as `--listen`) and its environment variable.
pub async fn listen(flag: &'static str, addr: SocketAddr) -> anyhow::Result<TcpListener> {
    let name = flag.trim_start_matches('-');
    TcpListener::bind(addr).await.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => "address already in use".into(),
            ErrorKind::AddrNotAvailable => "not an address of this machine".into(),
            ErrorKind::PermissionDenied => "not permitted to bind this port".into(),
            _ => error.to_string(),
        };
        let variable = name.replace('-', "_").to_uppercase();
        anyhow!("--{name} {addr}: {reason}; choose another with --{name} or {variable}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_told_with_its_flag_and_variable() {
        let first = listen("--admin-listen", ([127, 0, 0, 1], 0).into()).await.unwrap();
        let addr = first.local_addr().unwrap();
        let error = listen("--admin-listen", addr).await.unwrap_err();
        let expected = format!(
            "--admin-listen {addr}: address already in use; choose another with --admin-listen or ADMIN_LISTEN"
        );
        assert_eq!(error.to_string(), expected);
    }
}
