//! `movement.json`: inputs and where they lead, walls and edges included.

use game_server::domain::MAP_SIZE;
use game_server::sim::directions::direction;
use game_server::sim::map::{SPAWN_POINTS, WALLS};
use game_server::sim::movement::Body;
use game_server::sim::random::Random;
use serde_json::{Value, json};

const ABOUT: &str = "Movement. Positions are in 1/64 units, velocities in 1/16 units per second, both integers. \
    Each case starts at `start` [x, y, velocity_x, velocity_y]; `inputs` are runs [move_x, move_y, ticks]; `after` \
    has [x, y, velocity_x, velocity_y] after each tick. `walls` are [x, y, width, height] in units, in the order in \
    which they push. `directions` are the unit vectors [x, y] of the 256 aims, as f32.";

/// A run of equal inputs.
type Run = (i8, i8, u32);

#[test]
fn movement_is_as_recorded() {
    let walls: Vec<Value> =
        WALLS.iter().map(|wall| json!([wall.x, wall.y, wall.width, wall.height])).collect();
    let directions: Vec<Value> =
        (0..=u8::MAX).map(direction).map(|unit| json!([exact(unit.x), exact(unit.y)])).collect();
    let parts = vec![
        ("map_size", json!(MAP_SIZE)),
        ("walls", Value::Array(walls)),
        ("directions", Value::Array(directions)),
        ("cases", Value::Array(cases())),
    ];
    super::check("movement.json", ABOUT, parts);
}

/// An f32 is exact as f64, and JSON numbers of f64 come back exactly.
fn exact(value: f32) -> f64 {
    f64::from(value)
}

fn cases() -> Vec<Value> {
    let mut cases = vec![
        case("start and stop", (230, 230), &[(127, 0, 30), (0, 0, 30)]),
        case("diagonals are no faster", (500, 100), &[(127, 127, 20), (-127, 127, 20), (-128, -128, 20)]),
        case("half a stick is half speed", (500, 900), &[(64, 0, 40), (0, -63, 40)]),
        case("turn round", (100, 500), &[(0, 127, 20), (0, -127, 20), (0, 127, 20)]),
        case(
            "every edge of the map",
            (80, 80),
            &[(-127, 0, 40), (0, -127, 40), (127, -127, 240), (127, 127, 260)],
        ),
        case("into the centre from the left", (400, 500), &[(127, 0, 40), (127, 40, 60), (127, 127, 60)]),
        case("into the centre from below", (500, 620), &[(0, -127, 50), (-90, -90, 60), (127, -127, 60)]),
        case("the inner corner of a shelter", (230, 230), &[(127, 127, 60), (127, 0, 20), (0, 127, 20)]),
        case("round an outer corner", (340, 340), &[(-127, -20, 60), (-127, -127, 60), (0, -127, 60)]),
        case("started inside a wall", (500, 470), &[(0, 0, 2), (127, 0, 30)]),
        case("started in the middle of the centre", (500, 500), &[(0, 0, 2), (-127, 127, 40)]),
    ];
    for (seed, start) in (0..6).zip(SPAWN_POINTS) {
        let runs = random_runs(seed);
        cases.push(case(&format!("random walk {seed}"), (start.x as u16, start.y as u16), &runs));
    }
    cases
}

fn random_runs(seed: u64) -> Vec<Run> {
    let mut random = Random::new(seed);
    let axis = |random: &mut Random| match random.below(4) {
        0 => -127,
        1 => 127,
        2 => 0,
        _ => random.around_zero(127) as i8,
    };
    (0..24).map(|_| (axis(&mut random), axis(&mut random), 5 + random.below(40))).collect()
}

fn case(name: &str, start: (u16, u16), runs: &[Run]) -> Value {
    let mut body = Body::from_quanta(start.0 * 64, start.1 * 64, 0, 0);
    let start = numbers(&body);
    let mut after = Vec::new();
    for (move_x, move_y, ticks) in runs {
        for _ in 0..*ticks {
            body.step(*move_x, *move_y, &WALLS);
            after.push(numbers(&body));
        }
    }
    json!({ "name": name, "start": start, "inputs": runs, "after": after })
}

fn numbers(body: &Body) -> Value {
    let ((x, y), (velocity_x, velocity_y)) = (body.position_quanta(), body.velocity_quanta());
    json!([x, y, velocity_x, velocity_y])
}
