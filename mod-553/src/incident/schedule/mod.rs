//! On-call schedules: who is called at which instant.
//!
//! A schedule has **roles** (levels of escalation point at them), and each role is filled by **layers**: a rotation of people with
//! its own zone, hand-off time, length and hours. Layers of a role are stacked, the later one in the file beats the earlier, or
//! stand together. An **override** beats all layers of its role; of two that overlap, which is a finding, the later in the file.
//!
//! **Clocks that change.** A hand-off happens *the first time the wall clock shows its time or a later one*. In spring a hand-off at
//! 02:30 that does not exist therefore happens when the clock jumps over it, at 03:00; in autumn one that exists twice happens at
//! the first. Because this never runs backwards, two windows that share a boundary leave no gap and no overlap on any day, not even
//! where a whole day is skipped.
//!
//! - `clock.rs`: instants and wall clocks of a zone
//! - `model.rs`, `file.rs`: what a schedule is, and the YAML that it is read from
//! - `cover.rs`: layers and overrides, swept over their boundaries into spans: the only place that decides who is on call
//! - `check.rs`: gaps, double cover, overlaps, and what daylight saving does to hand-offs
//! - `show.rs`: tables and sentences for people; `calendar.rs`: iCalendar

mod calendar;
mod check;
mod clock;
mod cover;
mod file;
mod model;
mod show;
#[cfg(test)]
mod twin;

pub use calendar::calendar;
pub use check::{Checked, Finding, Kind, Weight, check};
pub use clock::{Wall, WallClock};
pub use cover::{Holder, Span, holders, on_call, spans};
pub(super) use file::{WindowEntry, windows_of};
pub use model::{Combine, Layer, Override, Person, Role, Schedule, Window, open};
pub use show::{for_people, length, moment, table};
