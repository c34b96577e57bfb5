//! MLflow's search language: filters, orderings and page tokens, read into plain types.
//!
//! [`lexer`] cuts text into tokens, [`filter`] and [`order_by`] read tokens against a [`vocabulary`] (what can be searched
//! differs between runs, experiments, models and versions), [`page_token`] says where a page starts. `store/` turns the
//! result into SQL with bound values. Clauses are joined by AND alone, as in MLflow: there is no OR and no nesting.

pub mod filter;
pub mod lexer;
pub mod order_by;
pub mod page_token;
pub mod vocabulary;
