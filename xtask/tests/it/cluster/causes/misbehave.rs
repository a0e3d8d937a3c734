//! A container that fails in the way its argument says.

use std::io::{Read, Write};
use std::net::TcpListener;

fn main() {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    println!("starting as {mode}");
    match mode.as_str() {
        "panic" => panic!("the ranking store is damaged: page 7 has no checksum"),
        "error" => {
            eprintln!("Error: connecting to postgres://game:hunter2@db/game: connection refused");
            std::process::exit(1)
        }
        "usage" => {
            eprintln!("error: unexpected argument '--speed' found");
            std::process::exit(2)
        }
        "memory" => {
            let mut held = Vec::new();
            loop {
                held.push(vec![1_u8; 1 << 20]);
            }
        }
        "port" => {
            let _first = TcpListener::bind("0.0.0.0:9100").unwrap();
            TcpListener::bind("0.0.0.0:9100").expect("listening on 0.0.0.0:9100");
        }
        "leak" => leak(),
        "serve" => serve(&args.next().unwrap_or_default()),
        _ => std::thread::sleep(std::time::Duration::from_secs(3600)),
    }
}

/// Tells what it was trusted with, as careless programs do.
fn leak() {
    let secret = std::env::var("TICKET_SECRET").unwrap_or_default();
    println!("the secret is {secret} and nothing else");
    std::thread::sleep(std::time::Duration::from_secs(3600));
}

fn serve(status: &str) {
    let listener = TcpListener::bind("0.0.0.0:9100").unwrap();
    for stream in listener.incoming().flatten() {
        let mut stream = stream;
        let _ = stream.read(&mut [0; 1024]);
        let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}
