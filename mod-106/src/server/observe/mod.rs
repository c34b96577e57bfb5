//! The server observed: figures that Prometheus scrapes, on an address of their own and only where one is given.
//!
//! Of their own, because they need another door than the API: scrapers hold no password of this server, the API's users have no business
//! with its traffic, and a scrape must come through when the API refuses foreign `Host` headers or is busy. Off by default, because an
//! open port that nobody asked for is one too many. Labels hold route templates, methods and classes of status, never a path, a name
//! or a user, so that no request can make a new series.
//!
//! | File | What it holds |
//! |---|---|
//! | `figures` | what is counted |
//! | `layer` | what counts it: around every request |
//! | `request` | what a request is called in labels |
//! | `probe` | what is measured at each scrape: connections, disks, the newest backup |
//! | `exposition` | the address it is served on |

pub mod exposition;
pub mod figures;
pub mod layer;
pub mod probe;
pub mod request;
