//! What stays the same of a line when it is said again: its words, and the numbers that mean something.

/// Numbers up to it are codes and ports; longer ones are identifiers and times.
const NUMBER_DIGITS_MAX: usize = 5;

/// Lines with the same key hold the same phrases: times, process ids and hexadecimal names do not count.
pub fn key(line: &[u8]) -> u64 {
    let mut key = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        if !byte.is_ascii_alphanumeric() {
            key = mix(key, byte);
            at += 1;
            continue;
        }
        let length = line[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let token = &line[at..at + length];
        let before = at.checked_sub(1).map_or(b' ', |before| line[before]);
        let after = line.get(at + length).copied().unwrap_or(b' ');
        if counts(token, before, after) {
            key = token.iter().fold(key, |key, byte| mix(key, *byte));
        }
        at += length;
    }
    key
}

fn counts(token: &[u8], before: u8, after: u8) -> bool {
    let digits = token.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return true;
    }
    let is_number = digits == token.len() && digits <= NUMBER_DIGITS_MAX;
    let in_time = b".,-/".contains(&before) || b":.-/".contains(&after) || before == b':' && digits < 3;
    is_number && !in_time
}

const fn mix(key: u64, byte: u8) -> u64 {
    (key ^ byte as u64).wrapping_mul(0x0100_0000_01b3)
}
