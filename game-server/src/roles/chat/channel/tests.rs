//! A channel has one name.

use proptest::prelude::{any, proptest};

use crate::domain::{PlayerId, RoomId};
use crate::roles::chat::channel::Channel;

#[test]
fn only_known_channels_exist() {
    for channel in [
        "",
        "Global",
        "global:",
        "room:",
        "room:01",
        "room:+1",
        "room:-1",
        "room:x",
        "admin:1",
        "whisper:18446744073709551616",
    ] {
        assert!(channel.parse::<Channel>().is_err(), "{channel}");
    }
}

proptest! {
    #[test]
    fn a_channel_is_read_as_it_is_written(id in any::<u64>()) {
        for channel in [Channel::Global, Channel::Room(RoomId(id)), Channel::Whisper(PlayerId(id))] {
            assert_eq!(channel.to_string().parse(), Ok(channel));
        }
    }

    #[test]
    fn any_text_is_a_channel_by_its_own_name_or_none(text in any::<String>()) {
        if let Ok(channel) = text.parse::<Channel>() {
            assert_eq!(channel.to_string(), text);
        }
    }
}
