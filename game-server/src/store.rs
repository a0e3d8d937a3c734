//! Match results and ratings in SQLite or PostgreSQL.
