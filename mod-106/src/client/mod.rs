//! An asynchronous client of MLflow's REST API 2.0.
