//! The embedded tracking server: MLflow 2.22's REST API over SQLite and object storage.
