//! The local bus keeps every promise of the API.

use std::time::Duration;

use crate::net::bus::{Bus, BusError, QUEUE_MESSAGES_MAX};

const LIMIT: Duration = Duration::from_secs(5);
const SHORT: Duration = Duration::from_millis(20);

#[tokio::test]
async fn a_publication_reaches_every_subscriber_of_its_subject_only() {
    let bus = Bus::local();
    let mut first = bus.subscribe("a").await.unwrap();
    let mut second = bus.clone().subscribe("a").await.unwrap();
    let mut other = bus.subscribe("b").await.unwrap();
    bus.publish("a", &7u32).await.unwrap();
    bus.publish("b", &8u32).await.unwrap();
    assert_eq!(first.next::<u32>().await, Some(7));
    assert_eq!(second.next::<u32>().await, Some(7));
    assert_eq!(other.next::<u32>().await, Some(8));
}

#[tokio::test]
async fn publishing_to_nobody_is_fine() {
    assert_eq!(Bus::local().publish("nobody", &1u32).await, Ok(()));
}

#[tokio::test]
async fn each_request_goes_to_one_member_of_the_group() {
    let bus = Bus::local();
    for member in 0..2u32 {
        let mut requests = bus.serve("who", "group").await.unwrap();
        tokio::spawn(async move {
            while let Some((question, responder)) = requests.next::<u32>().await {
                responder.reply(&(member, question)).await;
            }
        });
    }
    let mut answered = [0u32; 2];
    for question in 0..10u32 {
        let (member, echo): (u32, u32) = bus.request("who", &question, LIMIT).await.unwrap();
        assert_eq!(echo, question);
        answered[member as usize] += 1;
    }
    assert_eq!(answered, [5, 5]);
}

#[tokio::test]
async fn a_request_that_nobody_serves_fails_at_once() {
    let bus = Bus::local();
    assert_eq!(bus.request::<_, u32>("nobody", &1u32, LIMIT).await, Err(BusError::NoResponder));
    drop(bus.serve("gone", "group").await.unwrap());
    assert_eq!(bus.request::<_, u32>("gone", &1u32, LIMIT).await, Err(BusError::NoResponder));
}

#[tokio::test]
async fn a_request_without_an_answer_ends_at_its_limit() {
    let bus = Bus::local();
    let mut requests = bus.serve("slow", "group").await.unwrap();
    let asked = bus.request::<_, u32>("slow", &1u32, SHORT);
    let (answer, taken) = tokio::join!(asked, requests.next::<u32>());
    assert_eq!(answer, Err(BusError::Timeout));
    assert!(taken.is_some());
}

#[tokio::test]
async fn a_malformed_message_is_skipped() {
    let bus = Bus::local();
    let mut numbers = bus.subscribe("numbers").await.unwrap();
    bus.publish("numbers", &"not a number").await.unwrap();
    bus.publish("numbers", &5u32).await.unwrap();
    assert_eq!(numbers.next::<u32>().await, Some(5));
}

#[tokio::test]
async fn a_malformed_answer_is_an_error() {
    let bus = Bus::local();
    let mut requests = bus.serve("text", "group").await.unwrap();
    let serving = async {
        let (_, responder) = requests.next::<u32>().await.unwrap();
        responder.reply(&"text").await;
    };
    let (answer, ()) = tokio::join!(bus.request::<_, u32>("text", &1u32, LIMIT), serving);
    assert_eq!(answer, Err(BusError::Malformed));
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_loses_the_newest_and_blocks_nobody() {
    let bus = Bus::local();
    let mut slow = bus.subscribe("flood").await.unwrap();
    for number in 0..QUEUE_MESSAGES_MAX + 10 {
        bus.publish("flood", &number).await.unwrap();
    }
    for number in 0..QUEUE_MESSAGES_MAX {
        assert_eq!(slow.next::<usize>().await, Some(number));
    }
    assert!(tokio::time::timeout(SHORT, slow.next::<usize>()).await.is_err());
}

#[tokio::test]
async fn an_oversized_payload_is_refused() {
    let huge = "x".repeat(super::PAYLOAD_BYTES_MAX);
    assert_eq!(Bus::local().publish("a", &huge).await, Err(BusError::Malformed));
}
