//! Dates of certificates and of the engine, as seconds.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tags of ASN.1 for `YYMMDDhhmmssZ` and `YYYYMMDDhhmmssZ`.
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// A time of RFC 3339 in UTC less now, in seconds; `None` where it is not one.
pub fn since_now(text: &str) -> Option<i64> {
    Some(rfc3339(text)? - now_s())
}

/// Seconds until an X.509 certificate in DER ends: the second of the two dates next to each other in it.
pub fn certificate_left_s(der: &[u8]) -> Option<i64> {
    let dates = (0..der.len()).filter_map(|at| Some((at, date_at(&der[at..])?)));
    let dates: Vec<(usize, (usize, i64))> = dates.collect();
    let pair = dates.windows(2).find(|pair| pair[0].0 + pair[0].1.0 == pair[1].0)?;
    Some(pair[1].1.1 - now_s())
}

/// Length of the element and its seconds since 1970, where one of the two kinds of time begins here.
fn date_at(bytes: &[u8]) -> Option<(usize, i64)> {
    let (&tag, &length) = (bytes.first()?, bytes.get(1)?);
    let text = std::str::from_utf8(bytes.get(2..2 + usize::from(length))?).ok()?;
    let year: i64 = match (tag, length) {
        (UTC_TIME, 13) => {
            text.get(..2)?.parse::<i64>().ok().map(|year| year + if year < 50 { 2000 } else { 1900 })?
        }
        (GENERALIZED_TIME, 15) => text.get(..4)?.parse().ok()?,
        _ => return None,
    };
    let rest = &text[usize::from(length) - 11..];
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    Some((usize::from(length) + 2, seconds(year, [part(0)?, part(2)?, part(4)?, part(6)?, part(8)?])))
}

/// `2026-11-24T10:48:09.142Z` as seconds since 1970; an offset other than Z is taken into account.
pub fn rfc3339(text: &str) -> Option<i64> {
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let clock = [part(5, 7)?, part(8, 10)?, part(11, 13)?, part(14, 16)?, part(17, 19)?];
    let local = seconds(part(0, 4)?, clock);
    let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = |sign: i64| {
        Some(sign * (zone.get(1..3)?.parse::<i64>().ok()? * 60 + zone.get(4..6)?.parse::<i64>().ok()?))
    };
    match zone.as_bytes().first()? {
        b'Z' => Some(local),
        b'+' => Some(local - offset(60)?),
        b'-' => Some(local + offset(60)?),
        _ => None,
    }
}

/// Month, day, hour, minute, second of a year of the Gregorian calendar; days counted in eras of 400 years
/// that begin in March (<https://howardhinnant.github.io/date_algorithms.html#days_from_civil>).
fn seconds(year: i64, [month, day, hour, minute, second]: [i64; 5]) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    ((days * 24 + hour) * 60 + minute) * 60 + second
}

fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}
