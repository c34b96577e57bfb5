//! Who sends a request, and whether they may.
//!
//! [`sign_in`] turns credentials into a user ([`password`] does the slow hashing, once per user and password), [`access`]
//! holds what each route demands and decides. [`permission`] is the ladder of rights. A route without a demand cannot be
//! written: `routes/table.rs` has a field for it, and everything that is no route demands a signed-in user.

pub mod access;
pub mod password;
pub mod permission;
pub mod sign_in;
