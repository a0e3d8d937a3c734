//! The map: walls and spawn points of `arena.map`, read by the compiler, so that a mistake in it never starts.

use crate::domain::{MAP_SIZE, Wall};
use crate::sim::vector::Vector;

/// Side of the map as the arithmetic needs it.
pub const SIZE: f32 = MAP_SIZE as f32;

const TEXT: &[u8] = include_bytes!("arena.map");
const WALL: u8 = b'w';
const SPAWN: u8 = b's';

/// A circle that is pushed out of one wall is never pushed into another: `arena.map` says what that takes.
pub static WALLS: [Wall; count(WALL)] = walls();

/// Where players appear.
pub static SPAWN_POINTS: [Vector; count(SPAWN)] = spawn_points();

const fn walls<const N: usize>() -> [Wall; N] {
    let mut walls = [Wall { x: 0, y: 0, width: 0, height: 0 }; N];
    let (mut at, mut place) = (0, 0);
    while at < TEXT.len() {
        if TEXT[at] == WALL {
            let [x, y, width, height] = numbers(at);
            assert!(x + width <= MAP_SIZE && y + height <= MAP_SIZE, "a wall leaves the map");
            walls[place] = Wall { x, y, width, height };
            place += 1;
        }
        at = next_line(at);
    }
    walls
}

const fn spawn_points<const N: usize>() -> [Vector; N] {
    let mut points = [Vector { x: 0.0, y: 0.0 }; N];
    let (mut at, mut place) = (0, 0);
    while at < TEXT.len() {
        if TEXT[at] == SPAWN {
            let [x, y] = numbers(at);
            points[place] = Vector { x: x as f32, y: y as f32 };
            place += 1;
        }
        at = next_line(at);
    }
    points
}

/// Lines of one kind; a line of no kind does not compile.
const fn count(kind: u8) -> usize {
    let (mut at, mut lines) = (0, 0);
    while at < TEXT.len() {
        let first = TEXT[at];
        assert!(matches!(first, WALL | SPAWN | b'#' | b'\n'), "a line of arena.map is no wall, spawn or #");
        if first == kind {
            lines += 1;
        }
        at = next_line(at);
    }
    lines
}

/// The numbers after the word at the beginning of a line.
const fn numbers<const N: usize>(line: usize) -> [u16; N] {
    let (mut numbers, mut at, mut place) = ([0; N], line, 0);
    while at < TEXT.len() && TEXT[at].is_ascii_alphabetic() {
        at += 1;
    }
    while place < N {
        while at < TEXT.len() && TEXT[at] == b' ' {
            at += 1;
        }
        assert!(at < TEXT.len() && TEXT[at].is_ascii_digit(), "a line of arena.map has too few numbers");
        while at < TEXT.len() && TEXT[at].is_ascii_digit() {
            numbers[place] = numbers[place] * 10 + (TEXT[at] - b'0') as u16;
            at += 1;
        }
        place += 1;
    }
    assert!(at == TEXT.len() || TEXT[at] == b'\n', "a line of arena.map has too many numbers");
    numbers
}

const fn next_line(mut at: usize) -> usize {
    while at < TEXT.len() && TEXT[at] != b'\n' {
        at += 1;
    }
    at + 1
}
