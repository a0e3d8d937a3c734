//! Text of statements that write many rows at once.

/// Rows of one statement: 14 columns of them stay below the 32,766 parameters of SQLite and the 65,535 of PostgreSQL.
pub const ROWS_AT_ONCE: usize = 500;

/// `INSERT INTO table (a, b) VALUES ($1, $2), ($3, $4)`; names are those of the schema, values are all bound.
pub fn insert(table: &str, columns: &[&str], rows: usize) -> String {
    let row = |row: usize| {
        let numbers = (1..=columns.len()).map(|column| format!("${}", row * columns.len() + column));
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {table} ({}) VALUES {}", columns.join(", "), values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::insert;

    #[test]
    fn parameters_count_on_through_the_rows() {
        assert_eq!(insert("t", &["a", "b"], 2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)");
    }
}
