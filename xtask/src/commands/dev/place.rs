//! Where builds go: the one process, or the pods of a cluster.

use std::path::Path;

use anyhow::Result;

use super::pods::Pods;
use super::watch::PAGES;
use crate::cli::TargetName;
use crate::context::Context;
use crate::local::development;
use crate::local::{Folder, reachable};

/// One of the two.
pub enum Place {
    Process { place: Box<development::Place>, url: String },
    Pods(Box<Pods>),
}

impl Place {
    /// Finds it, makes it where it has to be there, and changes nothing in it yet.
    pub async fn reach(context: &Context, target: TargetName) -> Result<Self> {
        match target {
            TargetName::Local => {
                let place = Box::new(development::Place::of(context).await?);
                let port = context.port_given.or(Folder::of(context).last().map(|last| last.port));
                let address = reachable(context.bind_address, port.unwrap_or(context.port));
                Ok(Self::Process { place, url: format!("http://{address}") })
            }
            _ => Ok(Self::Pods(Box::new(Pods::reach(context).await?))),
        }
    }

    /// Makes it ready to take builds.
    pub async fn enter(&self, context: &Context) -> Result<()> {
        match self {
            Self::Process { .. } => Ok(()),
            Self::Pods(pods) => pods.enter(context).await,
        }
    }

    /// True where the binary has to run without any library of the system.
    pub fn is_static(&self) -> bool {
        matches!(self, Self::Pods(_))
    }

    pub fn url(&self) -> &str {
        match self {
            Self::Process { url, .. } => url,
            Self::Pods(pods) => &pods.url,
        }
    }

    /// Runs this build in the place of the one before; returns when it is ready.
    pub async fn swap(&self, context: &Context, binary: &Path) -> Result<()> {
        match self {
            Self::Process { place, .. } => {
                place.swap(context, binary, &context.root.join(PAGES)).await.map(|_| ())
            }
            Self::Pods(pods) => pods.swap(binary).await,
        }
    }

    /// The one process reads the folder itself.
    pub async fn show_pages(&self, context: &Context) -> Result<()> {
        match self {
            Self::Process { .. } => Ok(()),
            Self::Pods(pods) => pods.show_pages(&context.root.join(PAGES)).await,
        }
    }

    /// Puts back what was there before, and says what that is.
    pub async fn leave(&self, context: &Context) -> Result<String> {
        match self {
            Self::Process { place, .. } => Ok(match place.leave(context).await? {
                Some(url) => format!("the build of before runs again at {url}"),
                None => "nothing runs, as before".to_owned(),
            }),
            Self::Pods(pods) => pods.leave(context).await,
        }
    }
}
