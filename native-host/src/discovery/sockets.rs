//! The port of multicast DNS (RFC 6762 §5), which all programs of a computer share: questions leave by
//! every interface, and what anybody says is heard.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use rustix::net::{AddressFamily, SocketType, bind, socket, sockopt};
use tokio::net::UdpSocket;

const PORT: u16 = 5353;
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// RFC 6762 §11.
const HOPS: u32 = 255;
/// The longest packet (RFC 6762 §17).
pub(super) const MAX_PACKET: usize = 9000;

/// The socket of one version of IP, and the interfaces that it asks on.
#[derive(Debug)]
pub(super) enum Socket {
    V4(UdpSocket, Vec<Ipv4Addr>),
    V6(UdpSocket, Vec<u32>),
}

/// Opens both, and listens on all interfaces that there are now. A computer may lack one version.
pub(super) fn open() -> io::Result<Vec<Socket>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for interface in interfaces.iter().filter(|one| one.is_oper_up()) {
        match (interface.ip(), interface.index) {
            (IpAddr::V4(address), _) => v4.push(address),
            (IpAddr::V6(_), Some(index)) if !v6.contains(&index) => v6.push(index),
            (IpAddr::V6(_), Some(_) | None) => {}
        }
    }
    match (open_v4(v4), open_v6(v6)) {
        (Err(error), Err(_)) => Err(error),
        (one, other) => Ok([one, other].into_iter().flatten().collect()),
    }
}

fn open_v4(interfaces: Vec<Ipv4Addr>) -> io::Result<Socket> {
    let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT);
    let socket = shared(AddressFamily::INET, &any.into())?;
    sockopt::set_ip_multicast_ttl(&socket, HOPS)?;
    for interface in &interfaces {
        tell(socket.join_multicast_v4(GROUP_V4, *interface));
    }
    Ok(Socket::V4(socket, interfaces))
}

fn open_v6(interfaces: Vec<u32>) -> io::Result<Socket> {
    let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, PORT, 0, 0);
    let socket = shared(AddressFamily::INET6, &any.into())?;
    sockopt::set_ipv6_multicast_hops(&socket, HOPS)?;
    for interface in &interfaces {
        tell(socket.join_multicast_v6(&GROUP_V6, *interface));
    }
    Ok(Socket::V6(socket, interfaces))
}

fn shared(family: AddressFamily, any: &SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket(family, SocketType::DGRAM, None)?;
    if family == AddressFamily::INET6 {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, any)?;
    let socket = std::net::UdpSocket::from(socket);
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

impl Socket {
    /// Sends a packet to everybody. On an interface that does not take it nobody is asked.
    pub(super) fn send(&self, packet: &[u8]) {
        match self {
            Self::V4(socket, interfaces) => {
                let group = SocketAddr::from((GROUP_V4, PORT));
                for interface in interfaces {
                    let chosen = sockopt::set_ip_multicast_if(socket, interface);
                    let sent = chosen.map_err(io::Error::from);
                    tell(sent.and_then(|()| socket.try_send_to(packet, group)));
                }
            }
            Self::V6(socket, interfaces) => {
                let group = SocketAddr::from((GROUP_V6, PORT));
                for interface in interfaces {
                    let chosen = sockopt::set_ipv6_multicast_if(socket, *interface);
                    let sent = chosen.map_err(io::Error::from);
                    tell(sent.and_then(|()| socket.try_send_to(packet, group)));
                }
            }
        }
    }

    /// Waits for the next packet: its length, and who sent it.
    pub(super) async fn receive(&self, packet: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::V4(socket, _) | Self::V6(socket, _) => socket.recv_from(packet).await,
        }
    }
}

fn tell<T>(done: io::Result<T>) {
    if let Err(error) = done {
        tracing::debug!(%error, "nobody is asked on one of the interfaces");
    }
}
