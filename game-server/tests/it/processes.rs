//! Every role as a process of its own, a real NATS server between them.

use serde_json::json;

use crate::harness::player::{Player, chat, seat};
use crate::harness::servers::{Cluster, until_ranked};

mod bus;
mod clocks;
mod links;
mod pauses;
mod users;

/// Long enough for three crashes in one match.
const MATCH_S: u32 = 40;

async fn talk(cluster: &Cluster, key: &str, text: &str) {
    let mut chat = chat(cluster.gateway, key, &seat(cluster.gateway, key, "Talker").await).await;
    chat.send_json(json!({"type": "say", "channel": "global", "text": text})).await;
    chat.until_json("the own line", |value| value["type"] == "line" && value["text"] == text).await;
}

async fn plays_on(player: &mut Player, what: &str) {
    let until = player.states + 20;
    player.until(what, |player| player.states >= until).await;
}

#[tokio::test]
#[ignore = "needs nats-server on PATH"]
async fn separate_processes_play_the_same_match_and_survive_crashes_of_all_but_the_room() {
    let mut cluster = Cluster::start(MATCH_S).await;
    let gateway = cluster.gateway;
    let (mut ann, mut ben) = tokio::join!(
        Player::join(gateway, "the secret key of ann", "Ann"),
        Player::join(gateway, "the secret key of ben", "Ben")
    );
    assert_eq!(ann.welcome.room, ben.welcome.room);
    let slot_of_ben = ben.welcome.slot;
    ann.until("Ben is there", |ann| ann.sees(slot_of_ben).is_some()).await;

    cluster.kill("chat");
    plays_on(&mut ann, "play without chat").await;
    cluster.revive("chat").await;
    talk(&cluster, "the secret key of ann", "chat is back").await;

    cluster.kill("lobby");
    plays_on(&mut ben, "play without lobby").await;
    let asking = tokio::spawn(seat(gateway, "the secret key of cleo", "Cleo"));
    cluster.revive("lobby").await;
    let cleo = asking.await.expect("a seat");
    assert_eq!(cleo.room, ann.welcome.room.0.to_string(), "the running match takes her");
    let mut cleo = Player::enter(gateway, &cleo.ticket).await;
    plays_on(&mut cleo, "the new player plays").await;

    cluster.kill("ranking");
    plays_on(&mut ann, "play without ranking").await;
    tokio::join!(
        ann.until("the end", |ann| ann.over.is_some()),
        ben.until("the end", |ben| ben.over.is_some()),
        cleo.until("the end", |cleo| cleo.over.is_some())
    );
    cluster.revive("ranking").await;
    until_ranked(gateway, &["Ann", "Ben", "Cleo"]).await;
    assert_eq!(cluster.ended_roles(), Vec::<String>::new());
}
