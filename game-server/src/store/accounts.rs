//! What the leaderboard knows of players, loaded once for many matches and written back once.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Error, Row};

use crate::domain::{PlayerId, PlayerResult, Presence};
use crate::store::rating::{Contender, Day, Party, Rating, Score, rate, won};
use crate::store::results::{Counted, everybody};
use crate::store::rows::{ROWS_AT_ONCE, insert};
use crate::store::{column_of, id_of};

const COLUMNS: [&str; 14] = [
    "player",
    "name",
    "rating",
    "deviation",
    "standing",
    "matches",
    "wins",
    "kills",
    "deaths",
    "rated_matches",
    "day",
    "day_rating",
    "day_from_new",
    "day_opponents",
];
/// Returns what is there and keeps others from changing it until the end of the transaction.
const ON_TOUCH: &str = " ON CONFLICT (player) DO UPDATE SET name = excluded.name RETURNING \
     player, name, rating, deviation, matches, wins, kills, deaths, rated_matches, day, day_rating, day_from_new, \
     day_opponents";

#[derive(Debug, Clone)]
struct Account {
    name: String,
    rating: Rating,
    matches: i64,
    wins: i64,
    kills: i64,
    deaths: i64,
    rated_matches: i64,
    /// Days since 1970.
    day: i64,
    moved: Day,
}

/// Everybody who is in some matches.
pub struct Accounts {
    players: HashMap<PlayerId, Account>,
    today: i64,
}

impl Accounts {
    /// Reads and locks them; who is new gets an account.
    pub async fn load(
        connection: &mut AnyConnection,
        counted: &[Counted<'_>],
        today: i64,
    ) -> Result<Accounts, Error> {
        let mut players = HashMap::new();
        for people in everybody(counted).chunks(ROWS_AT_ONCE) {
            let fresh: Vec<(PlayerId, Account)> = people.iter().map(|line| fresh(line)).collect();
            let rows = write(connection, &fresh, ON_TOUCH).await?;
            for row in rows {
                players.insert(PlayerId(id_of(row.try_get("player")?)), account(&row)?);
            }
        }
        Ok(Accounts { players, today })
    }

    /// Counts a match for its people and moves the ratings of those who played it.
    pub fn count(&mut self, counted: &Counted) {
        self.move_ratings(counted);
        let people: Vec<Score> = counted.people.iter().map(|line| score_of(line)).collect();
        let bots: Vec<Score> = counted.result.players.iter().filter(|line| line.bot).map(score_of).collect();
        for line in &counted.people {
            let Some(account) = self.players.get_mut(&line.player) else { continue };
            account.matches += 1;
            account.wins += i64::from(won(score_of(line), &people, &bots));
            account.kills += i64::from(line.kills);
            account.deaths += i64::from(line.deaths);
        }
    }

    fn move_ratings(&mut self, counted: &Counted) {
        let contenders: Vec<Contender> =
            counted.people.iter().filter_map(|line| self.contender(counted, line)).collect();
        for (contender, (rating, moved)) in contenders.iter().zip(rate(&contenders).into_iter().flatten()) {
            let Some(account) = self.players.get_mut(&contender.player) else { continue };
            account.rating = rating;
            account.moved = moved;
            account.day = account.day.max(self.today);
            account.rated_matches += 1;
        }
    }

    /// Who was there for half of the match, and is known to have come alone or with whom.
    fn contender(&self, counted: &Counted, line: &PlayerResult) -> Option<Contender> {
        let presence = counted.result.presences.iter().find(|presence| presence.player == line.player)?;
        let account = self.players.get(&line.player)?;
        let has_played =
            counted.result.ticks > 0 && u64::from(presence.ticks) * 2 >= u64::from(counted.result.ticks);
        // A clock that was set back continues the day.
        let is_new_day = account.day < self.today;
        has_played.then_some(Contender {
            player: line.player,
            party: party(presence)?,
            rated_matches: account.rated_matches.max(0).cast_unsigned(),
            rating: account.rating,
            day: if is_new_day { Day::begin(account.rating) } else { account.moved.clone() },
            score: score_of(line),
        })
    }

    /// Writes them back.
    pub async fn save(self, connection: &mut AnyConnection) -> Result<(), Error> {
        let mut accounts: Vec<(PlayerId, Account)> = self.players.into_iter().collect();
        accounts.sort_by_key(|(player, _)| column_of(player.0));
        let replaced = COLUMNS[1..].iter().map(|column| format!("{column} = excluded.{column}"));
        let suffix =
            format!(" ON CONFLICT (player) DO UPDATE SET {}", replaced.collect::<Vec<_>>().join(", "));
        for accounts in accounts.chunks(ROWS_AT_ONCE) {
            write(connection, accounts, &suffix).await?;
        }
        Ok(())
    }
}

fn party(presence: &Presence) -> Option<Party> {
    Some(match presence.party? {
        0 => Party::Alone(presence.player),
        party => Party::Together(party),
    })
}

async fn write(
    connection: &mut AnyConnection,
    accounts: &[(PlayerId, Account)],
    on_conflict: &str,
) -> Result<Vec<AnyRow>, Error> {
    let sql = insert("players", &COLUMNS, accounts.len()) + on_conflict;
    let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).persistent(false);
    for (player, account) in accounts {
        let opponents: Vec<(u64, f64)> =
            account.moved.from.iter().map(|(player, moved)| (player.0, *moved)).collect();
        let opponents = serde_json::to_string(&opponents).map_err(|error| Error::Encode(error.into()))?;
        query = query
            .bind(column_of(player.0))
            .bind(account.name.as_str())
            .bind(account.rating.rating)
            .bind(account.rating.deviation)
            .bind(account.rating.standing())
            .bind(account.matches)
            .bind(account.wins)
            .bind(account.kills)
            .bind(account.deaths)
            .bind(account.rated_matches)
            .bind(account.day)
            .bind(account.moved.start)
            .bind(account.moved.from_new)
            .bind(opponents);
    }
    query.fetch_all(connection).await
}

fn fresh(line: &PlayerResult) -> (PlayerId, Account) {
    let account = Account {
        name: line.name.clone(),
        rating: Rating::START,
        matches: 0,
        wins: 0,
        kills: 0,
        deaths: 0,
        rated_matches: 0,
        day: 0,
        moved: Day::begin(Rating::START),
    };
    (line.player, account)
}

fn account(row: &AnyRow) -> Result<Account, Error> {
    // Empty in rows of the first schema.
    let opponents: Vec<(u64, f64)> = serde_json::from_str(row.try_get("day_opponents")?).unwrap_or_default();
    Ok(Account {
        name: row.try_get("name")?,
        rating: Rating { rating: row.try_get("rating")?, deviation: row.try_get("deviation")? },
        matches: row.try_get("matches")?,
        wins: row.try_get("wins")?,
        kills: row.try_get("kills")?,
        deaths: row.try_get("deaths")?,
        rated_matches: row.try_get("rated_matches")?,
        day: row.try_get("day")?,
        moved: Day {
            start: row.try_get("day_rating")?,
            from_new: row.try_get("day_from_new")?,
            from: opponents.into_iter().map(|(player, moved)| (PlayerId(player), moved)).collect(),
        },
    })
}

fn score_of(line: &PlayerResult) -> Score {
    Score { kills: line.kills, deaths: line.deaths }
}
