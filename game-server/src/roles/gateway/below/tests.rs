//! What is asked, in which order.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use axum::routing::{get, post};

use super::{call, rests};

#[test]
fn folders_are_left_out_one_by_one() {
    let left = |uri: &str| -> Vec<String> {
        rests(&uri.parse::<Uri>().unwrap()).iter().map(Uri::to_string).collect()
    };
    assert_eq!(left("/lobby"), Vec::<String>::new());
    assert_eq!(left("/game/"), ["/"]);
    assert_eq!(left("/a/b/ranking?limit=2"), ["/b/ranking?limit=2", "/ranking?limit=2"]);
    assert_eq!(left("//evil/x").len(), 2);
    assert_eq!(left("/1/2/3/4/5/6/7/8").len(), 4);
    assert_eq!(left("*"), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_there_is_answered_as_it_is() {
    let app = Router::new()
        .route("/lobby", get(async || "root").post(async || StatusCode::IM_A_TEAPOT))
        .route("/a/lobby", get(async || "below"))
        .route("/only", post(async || "posted"));
    let status = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = call(app.clone(), request).await;
        let status = answer.status().as_u16();
        (
            status,
            String::from_utf8(axum::body::to_bytes(answer.into_body(), 64).await.unwrap().into()).unwrap(),
        )
    };
    assert_eq!(status("GET", "/lobby").await, (200, "root".to_owned()));
    assert_eq!(status("GET", "/a/lobby").await, (200, "below".to_owned()));
    assert_eq!(status("GET", "/b/lobby").await, (200, "root".to_owned()));
    assert_eq!(status("GET", "/c/a/lobby").await, (200, "below".to_owned()));
    assert_eq!(status("POST", "/b/lobby").await.0, 418);
    assert_eq!(status("GET", "/b/nothing").await.0, 404);
    assert_eq!(status("GET", "/b/only").await.0, 405);
}
