//! Tickets hold what was signed and nothing else passes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::{any, proptest};

use crate::domain::{PlayerId, Pool, RoomId};
use crate::protocol::bus::{TicketAddress, TicketClaims};
use crate::protocol::ticket::{TICKET_BYTES_MAX, TicketError, TicketKey};

fn claims() -> TicketClaims {
    TicketClaims {
        player: PlayerId(u64::MAX),
        name: "Zoë \"the\" fox".to_owned(),
        room: RoomId(u64::MAX - 1),
        expires_s: 1_000,
        address: Some(TicketAddress {
            pool: Pool::Public,
            link_address: "room-0.room.game-prod.svc.cluster.local:7000".to_owned(),
        }),
    }
}

#[test]
fn a_signed_ticket_verifies_until_it_expires() {
    let key = TicketKey::new(b"secret");
    let ticket = key.sign(&claims());
    assert!(ticket.is_ascii() && ticket.len() < TICKET_BYTES_MAX, "{}", ticket.len());
    assert_eq!(key.verify(&ticket, 1_000), Ok(claims()));
    assert_eq!(key.verify(&ticket, 1_001), Err(TicketError::Expired { ago_s: 1 }));
}

#[test]
fn without_the_address_it_names_player_room_and_expiry_only() {
    let key = TicketKey::new(b"secret");
    let bare = TicketClaims { address: None, ..claims() };
    let ticket = key.sign(&bare);
    assert_eq!(key.verify(&ticket, 0), Ok(bare));
    let payload = URL_SAFE_NO_PAD.decode(ticket.split_once('.').unwrap().0).unwrap();
    let payload: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&payload).unwrap();
    let mut fields: Vec<&String> = payload.keys().collect();
    fields.sort();
    assert_eq!(fields, ["expires_s", "name", "player", "room"]);
}

#[test]
fn another_key_refuses_it() {
    let ticket = TicketKey::new(b"secret").sign(&claims());
    assert_eq!(TicketKey::new(b"other").verify(&ticket, 0), Err(TicketError::Signature));
}

#[test]
fn every_changed_byte_is_noticed() {
    let key = TicketKey::new(b"secret");
    let ticket = key.sign(&claims());
    for position in 0..ticket.len() {
        let mut tampered = ticket.clone().into_bytes();
        tampered[position] = if tampered[position] == b'A' { b'B' } else { b'A' };
        let tampered = String::from_utf8(tampered).unwrap();
        assert!(key.verify(&tampered, 0).is_err(), "position {position}");
    }
}

#[test]
fn an_oversized_ticket_is_not_looked_at() {
    let long = "A".repeat(TICKET_BYTES_MAX + 1);
    assert_eq!(TicketKey::new(b"secret").verify(&long, 0), Err(TicketError::Malformed));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_or_pass(text in any::<String>()) {
        assert!(TicketKey::new(b"secret").verify(&text, 0).is_err());
    }
}
