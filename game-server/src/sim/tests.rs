//! Rooms from the outside.
