//! What must hold for any bytes that come from outside, one function a decoder.
//!
//! Each returns whether the bytes were understood, and panics where a promise is broken: the decoder itself never does,
//! and what it understood comes back the same after a round trip through its encoder.

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use game_server::domain::{RoomFrame, Slot};
use game_server::net::proxy_header;
use game_server::protocol::bus;
use game_server::protocol::client::{decode_client, decode_server, encode_client, encode_server};
use game_server::protocol::delta::DisplayFrame;
use game_server::protocol::delta::decode::{StateDecoder, decode_state};
use game_server::protocol::link::{RoomToGateway, decode_gateway, decode_room, encode_gateway, encode_room};
use game_server::protocol::replay::{decode_log, encode_chunk_head, encode_opening};
use game_server::protocol::ticket::TicketKey;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Understood or refused.
pub type Check = fn(&[u8]) -> bool;

/// The name of a decoder is that of its fuzz target and of its folder in the corpus.
pub const ALL: [(&str, Check); 10] = [
    ("bus", bus),
    ("client", client),
    ("gateway", gateway),
    ("log", log),
    ("log_chunk", log_chunk),
    ("proxy_header", proxy_header),
    ("room", room),
    ("server", server),
    ("state", state),
    ("ticket", ticket),
];

/// As many states as an input is cut into: later ones are told against earlier ones.
const STATES_IN_A_ROW: usize = 4;
/// Of whose states are read: the one of the recorded match.
const SLOT: Slot = Slot(5);
const SECRET: &[u8] = b"thirty-two bytes that are no key";
const SETTINGS: &str = r#"{"room":7,"seed":7,"pool":"public","match_ticks":330,"fill_to_players":6}"#;

/// What browsers send.
pub fn client(bytes: &[u8]) -> bool {
    let Ok(message) = decode_client(bytes) else { return false };
    assert_eq!(decode_client(&encode_client(&message)).as_ref(), Ok(&message));
    true
}

/// What bots and tests read as a browser would.
pub fn server(bytes: &[u8]) -> bool {
    let Ok(message) = decode_server(bytes) else { return false };
    assert_eq!(decode_server(&encode_server(&message)).as_ref(), Ok(&message));
    true
}

/// What a room host reads on its link port.
pub fn gateway(bytes: &[u8]) -> bool {
    let Ok(message) = decode_gateway(bytes) else { return false };
    assert_eq!(decode_gateway(&encode_gateway(&message)).as_ref(), Ok(&message));
    true
}

/// What a gateway reads from a room host.
pub fn room(bytes: &[u8]) -> bool {
    let Ok(message) = decode_room(bytes) else { return false };
    assert_eq!(decode_room(&encode_room(&message)).as_ref(), Ok(&message));
    if let RoomToGateway::Frame { frame, .. } = &message {
        show(frame);
    }
    true
}

/// A gateway shows any frame that a link told it to browsers.
fn show(frame: &RoomFrame) {
    let shown = DisplayFrame::of(frame);
    assert_eq!(shown.tick, frame.tick);
}

/// A page reads states one after the other, each against those before it: the input is cut into so many parts.
pub fn state(bytes: &[u8]) -> bool {
    let mut decoder = StateDecoder::default();
    let part = bytes.len().div_ceil(STATES_IN_A_ROW).max(1);
    let first = decoder.decode(bytes, SLOT).is_ok();
    let parts = bytes.chunks(part).filter(|part| decoder.decode(part, SLOT).is_ok()).count();
    let alone = decode_state(bytes, SLOT, |_| None);
    assert!(alone.is_err() || first, "a state without a base is read whatever came before");
    first || parts > 0
}

/// A file in the folder of replays.
pub fn log(bytes: &[u8]) -> bool {
    let Ok(log) = decode_log(bytes) else { return false };
    assert!(log.entries.len() <= bytes.len(), "an entry takes at least a byte");
    log.broken.is_none()
}

/// The same behind a checksum that fits, where a search by chance never gets.
pub fn log_chunk(bytes: &[u8]) -> bool {
    static OPENING: LazyLock<Vec<u8>> = LazyLock::new(|| {
        encode_opening(&serde_json::from_str(SETTINGS).expect("settings as a log holds them"))
    });
    let whole = [&OPENING, &encode_chunk_head(bytes)[..], bytes].concat();
    log(&whole)
}

/// What a load balancer writes in front of a connection.
pub fn proxy_header(bytes: &[u8]) -> bool {
    let mut stream = bytes;
    let reading = pin!(proxy_header::read(&mut stream));
    let Poll::Ready(read) = reading.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("bytes that are there are never waited for");
    };
    read.is_ok()
}

/// What a browser presents as a ticket; once as it is, and once signed, so that what is behind the signature is read.
pub fn ticket(bytes: &[u8]) -> bool {
    static KEY: LazyLock<TicketKey> = LazyLock::new(|| TicketKey::new(SECRET));
    let as_it_is = String::from_utf8_lossy(bytes);
    assert!(KEY.verify(&as_it_is, 0).is_err(), "nobody guesses a signature");
    KEY.verify(&signed(bytes), 0).is_ok()
}

fn signed(claims: &[u8]) -> String {
    let payload = URL_SAFE_NO_PAD.encode(claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes a key of any length");
    mac.update(payload.as_bytes());
    format!("{payload}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// What other roles say on the bus, as every type that is read there.
pub fn bus(bytes: &[u8]) -> bool {
    macro_rules! reads {
        ($($type:ty),+ $(,)?) => { [$(serde_json::from_slice::<$type>(bytes).is_ok()),+] };
    }
    let understood = reads![
        bus::HostReport,
        bus::NodeReport,
        bus::OpenReply,
        bus::SeatRequest,
        bus::SeatReply,
        bus::ChatSay,
        bus::ChatAck,
        bus::ChatLine,
        bus::ChatHistoryRequest,
        bus::ChatHistory,
        bus::ResultAck,
        bus::RankingRequest,
        bus::Ranking,
        game_server::domain::MatchSettings,
        game_server::domain::MatchResult,
    ];
    understood.contains(&true)
}
