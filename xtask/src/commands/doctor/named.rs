//! Somebody else's cluster, looked at: everything that a deploy there needs, at once.

use anyhow::Result;
use console::Style;
use serde_json::json;

use crate::commands::image;
use crate::context::Context;
use crate::enforcement;
use crate::manifests::Manifests;
use crate::remote::Remote;
use crate::remote::checks::{Check, require};

pub async fn run(context: &Context) -> Result<()> {
    let remote = Remote::connect(context).await?;
    let uses = Manifests::read(&context.objects)?.images();
    let identity = format!("{} is the cluster that is pinned, UID {}", remote.pin.server, remote.pin.uid);
    let mut checks = vec![Check::passed("identity", identity)];
    checks.extend(remote.check_nodes(&uses).await?);
    match image::known(context) {
        Some(image) => checks.extend(remote.check_image(&uses, image.wanted()).await?),
        None => checks
            .push(Check::passed("image", "not built yet: `deploy` builds it and looks for it".to_owned())),
    }
    checks.push(Check::passed("network-policies", enforcement::told(remote.folder())));
    let ready = checks.iter().all(|check| check.ok);
    let value = json!({"target": remote.pin.name, "ready": ready, "checks": checks});
    context.report.result(value, &screen(&checks));
    require(&remote.pin.name, &checks)
}

fn screen(checks: &[Check]) -> String {
    let (good, bad) = (Style::new().green().bold(), Style::new().red().bold());
    let line = |check: &Check| {
        let mark = if check.ok { good.apply_to("ok  ") } else { bad.apply_to("FAIL") };
        let fix = if check.ok { String::new() } else { format!("        fix: {}\n", check.fix) };
        format!("  {mark}  {} [{}]\n{fix}", check.text, check.id)
    };
    checks.iter().map(line).collect()
}
