//! The bus over a real NATS server keeps the promises that its unit tests check in one process.

use std::time::Duration;

use game_server::net::bus::{Bus, BusError, User};

use crate::harness::process::free_address;
use crate::harness::servers::start_nats;
use crate::harness::{LIMIT, eventually, within_limit};

fn anybody() -> User {
    User { name: "test", password: None }
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn it_publishes_to_all_asks_one_and_tells_a_missing_responder_from_a_slow_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let _server = start_nats(address, &folder).await;
    let url = format!("nats://{address}");
    let here = within_limit("a connection", Bus::connect(&url, "here", &anybody())).await.expect("a bus");
    let there = within_limit("a connection", Bus::connect(&url, "there", &anybody())).await.expect("a bus");

    let mut first = here.subscribe("numbers").await.expect("a subscription");
    let mut second = there.subscribe("numbers").await.expect("a subscription");
    here.publish("numbers", &"not a number").await.expect("published");
    here.publish("numbers", &7u32).await.expect("published");
    assert_eq!(within_limit("a number", first.next::<u32>()).await, Some(7));
    assert_eq!(within_limit("a number", second.next::<u32>()).await, Some(7));

    assert_eq!(here.request::<_, u32>("nobody", &1u32, LIMIT).await, Err(BusError::NoResponder));
    let mut slow = there.serve("slow", "group").await.expect("served");
    let asked = here.request::<_, u32>("slow", &1u32, Duration::from_millis(50));
    let (answer, taken) = tokio::join!(asked, within_limit("the request", slow.next::<u32>()));
    assert_eq!(answer, Err(BusError::Timeout));
    assert!(taken.is_some());

    for bus in [&here, &there] {
        let mut requests = bus.serve("double", "group").await.expect("served");
        tokio::spawn(async move {
            while let Some((number, responder)) = requests.next::<u32>().await {
                responder.reply(&(number * 2)).await;
            }
        });
    }
    for number in 0..20u32 {
        assert_eq!(here.request::<_, u32>("double", &number, LIMIT).await, Ok(number * 2));
    }
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn it_waits_for_its_server_and_comes_back_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = free_address();
    let connecting =
        tokio::spawn(async move { Bus::connect(&format!("nats://{address}"), "early", &anybody()).await });
    let server = start_nats(address, &folder).await;
    let bus = within_limit("a connection", connecting).await.expect("no panic").expect("a bus");
    let mut heard = bus.subscribe("numbers").await.expect("a subscription");

    server.kill();
    eventually("the loss is noticed", async || {
        (bus.publish("numbers", &1u32).await == Err(BusError::Disconnected)).then_some(())
    })
    .await;
    assert_eq!(bus.request::<_, u32>("nobody", &1u32, LIMIT).await, Err(BusError::Disconnected));

    let _server = start_nats(address, &folder).await;
    eventually("publishing works again", async || bus.publish("numbers", &2u32).await.ok()).await;
    assert_eq!(within_limit("the old subscription", heard.next::<u32>()).await, Some(2));
}
