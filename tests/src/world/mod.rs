//! What a submission stands on: one room for each service, its backends side by side.
