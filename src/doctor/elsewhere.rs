//! Elsewhere: where an adapter that does not come to WeChat may have gone instead.

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::BTreeSet;
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    /// The proxies that a process was started with, as `name=value`.
    pub(crate) fn proxies(pid: i32) -> BTreeSet<String> {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let variables = String::from_utf8_lossy(&environment);
        variables
            .split('\0')
            .filter(|variable| {
                let (name, value) = variable.split_once('=').unwrap_or_default();
                let name = name.to_ascii_lowercase();
                name.ends_with("_proxy") && name != "no_proxy" && !value.is_empty()
            })
            .map(str::to_owned)
            .collect()
    }

    /// The addresses that a process has a TCP connection to, or tries to.
    pub(crate) fn peers(pid: i32) -> BTreeSet<String> {
        let files = fs::read_dir(format!("/proc/{pid}/fd"));
        let sockets: BTreeSet<String> = files
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|file| {
                let target = fs::read_link(file.path()).ok()?;
                let inode = target
                    .to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?;
                Some(inode.to_owned())
            })
            .collect();
        let mut peers = BTreeSet::new();
        for table in ["tcp", "tcp6"] {
            let rows = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
            peers.extend(rows.lines().skip(1).filter_map(|row| {
                let fields: Vec<&str> = row.split_ascii_whitespace().collect();
                sockets
                    .contains(*fields.get(9)?)
                    .then(|| address(fields.get(2)?))?
            }));
        }
        peers
    }

    /// An address as the kernel's table has it: in hexadecimal, each word in the machine's order.
    pub(super) fn address(text: &str) -> Option<String> {
        let (host, port) = text.split_once(':')?;
        let port = u16::from_str_radix(port, 16)
            .ok()
            .filter(|port| *port != 0)?;
        let words: Option<Vec<[u8; 4]>> = (0..host.len() / 8)
            .map(|word| {
                let word = host.get(word * 8..word * 8 + 8)?;
                Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
            })
            .collect();
        let bytes = words?.concat();
        let host: IpAddr = match <[u8; 4]>::try_from(bytes.as_slice()) {
            Ok(v4) => Ipv4Addr::from(v4).into(),
            Err(_) => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical(),
        };
        Some(std::net::SocketAddr::new(host, port).to_string())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[cfg(target_endian = "little")]
        #[test]
        fn the_kernels_addresses_are_read() {
            assert_eq!(address("0100007F:1F90").unwrap(), "127.0.0.1:8080");
            let six = "0000000000000000FFFF00000100007F:0050";
            assert_eq!(address(six).unwrap(), "127.0.0.1:80");
            assert_eq!(address("00000000:0000"), None);
        }

        #[test]
        fn a_connection_of_this_process_is_seen() {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let there = listener.local_addr().unwrap();
            let _here = std::net::TcpStream::connect(there).unwrap();
            let pid = i32::try_from(std::process::id()).unwrap();
            assert!(peers(pid).contains(&there.to_string()));
        }
    }
}

#[cfg(target_os = "linux")]
pub(super) use linux::{peers, proxies};

/// Elsewhere than on Linux nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn peers(_pid: i32) -> std::collections::BTreeSet<String> {
    std::collections::BTreeSet::new()
}

/// Elsewhere than on Linux nobody tells.
#[cfg(not(target_os = "linux"))]
pub(super) fn proxies(_pid: i32) -> std::collections::BTreeSet<String> {
    std::collections::BTreeSet::new()
}
