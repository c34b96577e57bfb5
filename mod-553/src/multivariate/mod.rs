//! Drift of several columns together, and of embeddings: what no column shows alone, such as a correlation that turned round.
//!
//! | File | What it holds |
//! |---|---|
//! | `points` | rows as points of a space; everything below compares two such clouds |
//! | `encode` | columns of numbers and categories into points, on the reference's scale |
//! | `mmd` | the maximum mean discrepancy, with a p-value by permutation |
//! | `classifier` | whether a model can tell the two apart on rows that it has not seen, and by which columns |
//! | `reconstruction` | how well the reference's principal components still describe the rows |
//! | `embedding` | the three of them, and distances, for columns of vectors |
//! | `trees` | small boosted trees: the model of `classifier`, and of `performance` |
//! | `eigen` | eigenvectors of a symmetric matrix |
//!
//! Which to take: `classifier` has an effect in a unit that people know (the area under the ROC curve: how often a current row is
//! recognised beside a reference row) and names the columns; `mmd` needs no model and few rows; `reconstruction` is linear and cheap,
//! and sees correlations only. All are deterministic for a seed. Rows must be finite: `encode` fills what is missing.

mod classifier;
mod eigen;
mod embedding;
mod encode;
mod error;
mod mmd;
mod points;
mod reconstruction;
pub mod trees;

pub use classifier::{Classifier, TwoSample};
pub use eigen::{Eigen, symmetric};
pub use embedding::{Embedding, EmbeddingDrift, vectors};
pub use encode::{Column, Encoder};
pub use error::Error;
pub use mmd::{Discrepancy, Mmd};
pub use points::Points;
pub use reconstruction::{ChunkError, Reconstruction};

#[cfg(test)]
mod tests;
