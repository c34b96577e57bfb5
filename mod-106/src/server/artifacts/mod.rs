//! Artifacts: files and folders of runs, kept in a local folder or in S3 and handed through this server.
//!
//! [`path`] refuses hostile paths, [`location`] says which stored locations this server may open at all, [`storage`] lists,
//! reads, writes and deletes in constant memory, [`credentials`] re-reads S3's keys when they rotate, [`source`] checks where
//! a model version claims to come from.

pub mod credentials;
pub mod location;
pub mod path;
pub mod source;
pub mod storage;
