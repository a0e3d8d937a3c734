//! How much the kernel holds for a socket that a stranger opened, and for how long.
//!
//! What waits in a socket counts against the memory limit of the pod, and it is the other side that decides how much
//! that is: by not reading what it asked for, or by sending more than is read. Accepted sockets inherit these settings
//! from the listener.

use std::io;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpListener;

/// Sent and not acknowledged: 32 kB a round trip load the page in a second across an ocean. The kernel doubles it, for
/// its own bookkeeping.
pub const SEND_BUFFER_BYTES: usize = 32 * 1024;
/// Taken from us and not sent yet: four seconds of states. This is all that a client costs which never reads.
pub const UNSENT_BYTES: u32 = 4 * 1024;
/// Sent to us and not read yet: a head of a request in two round trips, and seven seconds of inputs.
pub const RECEIVE_BUFFER_BYTES: usize = 8 * 1024;
/// A client that acknowledges nothing, or makes no room for what waits, is gone after this: longer than a phone takes to
/// change networks, and shorter than a seat is held.
pub const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);

/// Bounds all sockets that will be accepted.
pub fn bound(listener: &TcpListener) -> io::Result<()> {
    let socket = SockRef::from(listener);
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
