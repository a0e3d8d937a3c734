//! Rules over machines that are not here.
