//! The game below a path: a proxy that passes `/game/lobby` on as it came reaches what `/lobby` reaches.

#[cfg(test)]
mod tests;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Uri};
use axum::response::Response;
use tower_service::Service;

/// Folders that a path may have before ours.
const DEPTH_MAX: usize = 4;

/// Answers a request; one that nothing here answers is asked again without its first folder.
pub async fn call(mut app: Router, request: Request<Body>) -> Response {
    let rests = rests(request.uri());
    let (parts, body) = request.into_parts();
    let mut answer = called(&mut app, Request::from_parts(parts.clone(), body)).await;
    for uri in rests {
        if !matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
            break;
        }
        let mut parts = parts.clone();
        parts.uri = uri;
        answer = called(&mut app, Request::from_parts(parts, Body::empty())).await;
    }
    answer
}

async fn called(app: &mut Router, request: Request<Body>) -> Response {
    match app.call(request).await {
        Ok(answer) => answer,
        Err(never) => match never {},
    }
}

/// The same address without its first folder, without its first two, and so on.
fn rests(uri: &Uri) -> Vec<Uri> {
    let path = uri.path();
    let slashes = path.char_indices().skip(1).filter(|(_, character)| *character == '/');
    let rest = |(at, _): (usize, char)| {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", path.get(at..)?).parse().ok()
    };
    slashes.take(DEPTH_MAX).filter_map(rest).collect()
}
