//! One game, one chromedriver and the browsers of one test; all ended by their id whatever happens.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use futures_util::FutureExt;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// Starting Chromium on a busy machine takes seconds.
const PATIENCE: Duration = Duration::from_secs(40);
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
    url: String,
    driver_url: String,
    folder: TempDir,
    pages: Mutex<Vec<Client>>,
}

/// A process that ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a test on a fresh game with matches of this length and bots up to this many players.
pub async fn with(match_s: u32, fill_to_players: u8, test: impl AsyncFnOnce(&Stage)) {
    let _turn = TURN.lock().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (port, admin_port, driver_port) = (free_port(), free_port(), free_port());
    let _game = start(
        env!("CARGO_BIN_EXE_game-server"),
        &[
            "all".to_string(),
            format!("--listen=127.0.0.1:{port}"),
            format!("--admin-listen=127.0.0.1:{admin_port}"),
            format!("--data-dir={}", folder.path().join("data").display()),
            format!("--match-seconds={match_s}"),
            format!("--fill-to-players={fill_to_players}"),
        ],
    );
    let _driver = start("chromedriver", &[format!("--port={driver_port}")]);
    for port in [port, driver_port] {
        until_open(port).await;
    }
    let stage = Stage {
        url: format!("http://127.0.0.1:{port}/"),
        driver_url: format!("http://127.0.0.1:{driver_port}"),
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
        let mut pages = self.pages.lock().await;
        let profile = self.folder.path().join(format!("browser-{}", pages.len()));
        let page = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities(screen, &profile))
            .connect(&self.driver_url)
            .await
            .expect("chromedriver starts Chromium");
        pages.push(page.clone());
        page.goto(&self.url).await.expect("the page loads");
        until(&page, "return window.game?.screen === 'lobby'").await;
        page
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

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

async fn until_open(port: u16) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "nothing listens on {address}");
        tokio::time::sleep(POLL).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts the program and the driver it tests with")]
fn start(program: &str, arguments: &[String]) -> Process {
    let child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"));
    Process(child)
}
