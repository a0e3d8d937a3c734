//! One game, one chromedriver and the browsers of one test; all ended by their id whatever happens.

use std::net::{SocketAddr, TcpStream};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::harness::process::{Process, free_address};

/// Starting Chromium takes a second; on two cores with forty programs at work it took fifty.
const PATIENCE: Duration = Duration::from_secs(150);
const POLL: Duration = Duration::from_millis(50);
/// Two browsers at once are what the machine can draw in time; tests take turns.
static TURN: Mutex<()> = Mutex::const_new(());

/// What kind of device a page is opened on.
#[derive(Debug, Clone, Copy)]
pub enum Screen {
    Desktop,
    Phone,
}

/// What a test plays on.
pub struct Stage {
    /// Where the game listens.
    pub game: SocketAddr,
    process: Process,
    driver_url: String,
    folder: TempDir,
    pages: Mutex<Vec<Client>>,
}

/// Runs a test on a fresh game with matches of this length and bots up to this many players.
pub async fn with(match_s: u32, fill_to_players: u8, test: impl AsyncFnOnce(&Stage)) {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (game, admin, driver) = (free_address(), free_address(), free_address());
    let words = [
        "all".to_string(),
        format!("--listen={game}"),
        format!("--admin-listen={admin}"),
        format!("--data-dir={}", folder.path().join("data").display()),
        format!("--match-seconds={match_s}"),
        format!("--fill-to-players={fill_to_players}"),
    ];
    let process = Process::role("all", &words, folder.path());
    let port = format!("--port={}", driver.port());
    let _driver = Process::start("chromedriver", "chromedriver", &[port], folder.path());
    for address in [game, driver] {
        until_open(address).await;
    }
    let stage = Stage {
        game,
        process,
        driver_url: format!("http://{driver}"),
        folder,
        pages: Mutex::new(Vec::new()),
    };
    let outcome = AssertUnwindSafe(test(&stage)).catch_unwind().await;
    for page in stage.pages.lock().await.drain(..) {
        // A page that cannot be closed went down with its test.
        let _ = page.close().await;
    }
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

impl Stage {
    /// A browser of its own, with the lobby open.
    pub async fn open(&self, screen: Screen) -> Client {
        self.open_through(screen, self.game).await
    }

    /// The same, with the game reached through another address.
    pub async fn open_through(&self, screen: Screen, address: SocketAddr) -> Client {
        let mut pages = self.pages.lock().await;
        let profile = self.folder.path().join(format!("browser-{}", pages.len()));
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(screen, &profile))
            .connect(&self.driver_url)
            .await
            .expect("chromedriver starts Chromium");
        pages.push(page.clone());
        page.goto(&format!("http://{address}/")).await.expect("the page loads");
        until(&page, "return window.game?.screen === 'lobby'").await;
        page
    }

    /// The whole server stands still for this long.
    pub async fn stand_still(&self, stop: Duration) {
        self.process.send("STOP");
        tokio::time::sleep(stop).await;
        self.process.send("CONT");
    }

    /// Keeps a picture when SCREENSHOTS names a folder.
    pub async fn save(&self, page: &Client, name: &str) {
        let Ok(folder) = std::env::var("SCREENSHOTS") else {
            return;
        };
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let picture = page.screenshot().await.expect("a picture of the page");
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), picture)
            .expect("the picture can be written");
    }
}

/// Waits until a script returns true.
pub async fn until(page: &Client, script: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let value = page.execute(script, Vec::new()).await;
        if matches!(value, Ok(Value::Bool(true))) {
            return;
        }
        assert!(Instant::now() < deadline, "never true: {script}; last: {value:?}");
        tokio::time::sleep(POLL).await;
    }
}

fn capabilities(screen: Screen, profile: &Path) -> Capabilities {
    let mut options = json!({
        "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--window-size=1280,800", format!("--user-data-dir={}", profile.display()),
        ],
    });
    if matches!(screen, Screen::Phone) {
        options["mobileEmulation"] = json!({
            "deviceMetrics": { "width": 390, "height": 844, "pixelRatio": 2.0, "touch": true, "mobile": true },
        });
    }
    Capabilities::from_iter([("goog:chromeOptions".to_string(), options)])
}

async fn until_open(address: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "nothing listens on {address}");
        tokio::time::sleep(POLL).await;
    }
}
