//! The proof that there is nothing to do: everything is looked at side by side, and nothing is written.

use anyhow::Result;
use serde_json::Value;

use crate::commands::image::Image;
use crate::commands::{cluster, deploy, image, label};
use crate::context::Context;
use crate::docker::Engine;
use crate::target::{PLAYED_FILE, Reached, Target};
use crate::{binary, play};

/// What a player saw who joined and left, when the build that was verified here before is what runs, whole and
/// reachable. `None` when anything differs, is missing, or cannot be looked at: then the ordinary way says what.
pub async fn proven(context: &Context) -> Option<Value> {
    let image = image::known(context)?;
    let target = Target::of(context).ok()?;
    if !was_played(&target, &image) {
        return None;
    }
    let step = context.report.step("up", "looking whether there is something to do");
    let engine = Engine::connect(&context.report).await.ok()?;
    let reference = &image.packed.reference;
    let (program, url) = (binary::path(context), target.url());
    let in_cluster = async {
        let reached = Reached::through(engine.clone(), target.clone())
            .await
            .map_err(|error| told("the API", &error))?;
        tokio::try_join!(
            holds("cluster and nodes", cluster::is_running(&reached)),
            holds("its labels", label::is_set(&reached)),
            holds("the objects", deploy::is_settled(context, &reached, reference)),
        )
    };
    let joined = async {
        play::join_and_leave(context, &program, &url).await.map_err(|error| told("the game", &error))
    };
    let delivered = holds("the images", image::is_delivered(context, &engine, &target, &image));
    match tokio::try_join!(in_cluster, delivered, joined) {
        Ok((.., seen)) => {
            let name = target.name();
            step.skipped(&format!(
                "nothing to do: {name}, its labels, images and objects are as they should be, with {reference}"
            ));
            Some(seen)
        }
        Err(differs) => {
            step.done(&differs);
            None
        }
    }
}

/// The first proof that fails ends the others, and says what it is about.
async fn holds(what: &str, proof: impl Future<Output = Result<bool>>) -> Result<(), String> {
    match proof.await {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("something is to do: {what} differ from what is asked for")),
        Err(error) => Err(told(what, &error)),
    }
}

/// Its first line: the ordinary way tells the rest, when it is still so.
fn told(what: &str, error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let line = text.lines().next().unwrap_or_default();
    format!("looking at everything one by one, because {what} could not be proven: {line}")
}

fn was_played(target: &Target, image: &Image) -> bool {
    let played = std::fs::read_to_string(target.folder().join(PLAYED_FILE));
    played.is_ok_and(|played| played == image.packed.reference)
}
