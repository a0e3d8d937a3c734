//! Several chat processes on one bus behave like one.

use std::time::Duration;

use crate::domain::PlayerId;
use crate::domain::text::LINE;
use crate::net::admin::Readiness;
use crate::net::bus::{Bus, Subscription};
use crate::net::shutdown::Shutdown;
use crate::protocol::bus::{
    ChatAck, ChatHistory, ChatHistoryRequest, ChatLine, ChatSay, SUBJECT_CHAT_HISTORY, SUBJECT_CHAT_LINES,
    SUBJECT_CHAT_SAY,
};
use crate::roles::chat::refusal::Refusal;
use crate::roles::chat::{Chat, check_line, run};

const LIMIT: Duration = Duration::from_secs(5);

async fn start(bus: &Bus) -> Shutdown {
    let (ready, shutdown) = (Readiness::default(), Shutdown::new());
    tokio::spawn(run(bus.clone(), ready.clone(), shutdown.clone()));
    while !ready.get() {
        tokio::task::yield_now().await;
    }
    shutdown
}

async fn say(bus: &Bus, player: u64, channel: &str, text: &str) -> ChatAck {
    say_as(bus, player, &format!("P{player}"), channel, text).await
}

async fn say_as(bus: &Bus, player: u64, name: &str, channel: &str, text: &str) -> ChatAck {
    let say = ChatSay {
        channel: channel.to_owned(),
        player: PlayerId(player),
        name: name.to_owned(),
        text: text.to_owned(),
    };
    bus.request(SUBJECT_CHAT_SAY, &say, LIMIT).await.unwrap()
}

async fn next(lines: &mut Subscription) -> ChatLine {
    tokio::time::timeout(LIMIT, lines.next()).await.unwrap().unwrap()
}

async fn history(bus: &Bus, channel: &str) -> Vec<String> {
    let question = ChatHistoryRequest { channel: channel.to_owned() };
    let history: ChatHistory = bus.request(SUBJECT_CHAT_HISTORY, &question, LIMIT).await.unwrap();
    history.lines.into_iter().map(|line| line.text).collect()
}

#[tokio::test]
async fn a_line_reaches_everybody_and_every_process_remembers_it() {
    let bus = Bus::local();
    start(&bus).await;
    start(&bus).await;
    let mut lines = bus.subscribe(SUBJECT_CHAT_LINES).await.unwrap();
    assert!(say(&bus, 1, "room:7", "hello\u{7} there").await.accepted);
    let line = next(&mut lines).await;
    assert_eq!(
        (line.channel.as_str(), line.text.as_str(), line.player),
        ("room:7", "hello there", PlayerId(1))
    );
    for _ in 0..4 {
        assert_eq!(history(&bus, "room:7").await, ["hello there"]);
    }
    assert!(history(&bus, "room:8").await.is_empty());
}

#[tokio::test]
async fn a_flood_is_stopped_however_many_processes_share_it() {
    let bus = Bus::local();
    start(&bus).await;
    start(&bus).await;
    let mut lines = bus.subscribe(SUBJECT_CHAT_LINES).await.unwrap();
    let mut accepted = 0;
    let reason = loop {
        let ack = say(&bus, 1, "global", "buy now").await;
        if !ack.accepted {
            break ack.reason;
        }
        next(&mut lines).await;
        accepted += 1;
        assert!(accepted < 100);
    };
    assert_eq!((reason.as_str(), accepted), ("flood", 5));
    assert!(say(&bus, 2, "global", "I am quiet").await.accepted);
}

#[tokio::test]
async fn a_bad_line_is_refused_with_its_reason() {
    let bus = Bus::local();
    start(&bus).await;
    assert_eq!(say(&bus, 1, "global", "\n").await.reason, "empty");
    assert_eq!(say(&bus, 1, "global", &"x".repeat(1_000)).await.reason, "too_long");
    assert_eq!(say(&bus, 1, "kitchen", "hello").await.reason, "channel");
}

#[tokio::test]
async fn what_begins_as_a_command_is_never_published() {
    let bus = Bus::local();
    start(&bus).await;
    let mut lines = bus.subscribe(SUBJECT_CHAT_LINES).await.unwrap();
    for text in ["/", "/nick admin", " /w Ben secret", "\u{200b}/w Ben secret", "／w Ben secret"] {
        assert_eq!(say(&bus, 1, "global", text).await.reason, "command", "{text:?}");
    }
    assert!(say(&bus, 1, "global", "1/2").await.accepted);
    assert_eq!(next(&mut lines).await.text, "1/2");
}

#[tokio::test]
async fn names_that_gateways_of_an_older_build_tell_are_cleaned_and_told_apart() {
    let bus = Bus::local();
    start(&bus).await;
    let mut lines = bus.subscribe(SUBJECT_CHAT_LINES).await.unwrap();
    let told = [(1, "Ann"), (2, "Аnn"), (3, "admin"), (1, "Ann"), (2, "Ann")];
    let shown = ["Ann", "Аnn 2", "Player", "Ann", "Ann 2"];
    for ((player, name), shown) in told.into_iter().zip(shown) {
        assert!(say_as(&bus, player, name, "global", "hello").await.accepted);
        assert_eq!(next(&mut lines).await.name, shown);
    }
    assert!(say_as(&bus, 9, "ann", "whisper:1", "it is me").await.accepted);
    assert_eq!(next(&mut lines).await.name, "ann 3", "in whispers, too");
}

#[test]
fn lines_are_as_long_as_they_may_be() {
    let longest = "👩🏽".repeat(LINE.bytes / "👩🏽".len());
    assert_eq!(check_line(&longest), Ok(longest.clone()));
    assert_eq!(check_line(&format!("{longest}.")), Err(Refusal::TooLong));
    assert!(check_line(&"x".repeat(LINE.clusters)).is_ok());
    assert_eq!(check_line(&"x".repeat(LINE.clusters + 1)), Err(Refusal::TooLong));
    assert_eq!(check_line(" \u{2066}\u{3164}"), Err(Refusal::Empty));
}

#[tokio::test]
async fn a_new_process_learns_what_was_said_before() {
    let bus = Bus::local();
    let first = start(&bus).await;
    assert!(say(&bus, 1, "global", "early").await.accepted);
    start(&bus).await;
    first.drain();
    for _ in 0..4 {
        assert_eq!(history(&bus, "global").await, ["early"]);
    }
}

#[test]
fn no_two_lines_of_a_process_share_an_id() {
    let mut chat = Chat::new(Bus::local());
    let now_ms = super::unix_now_ms();
    let ids: Vec<u64> = (0..3_000).map(|line| chat.next_id(now_ms + line / 1_000)).collect();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
}
