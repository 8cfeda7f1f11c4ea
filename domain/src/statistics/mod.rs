//! Estimates: the only place of the domain where numbers are floats. What comes out is a guess with an interval, is
//! labelled as one, and becomes an amount again by rounding; nothing here is ever added to a balance or a budget.
//!
//! `student` (quantiles of Student's t) · `regression` (a line through points)
//!
//! Every function guards itself: where there is no finite answer there is `None`, never NaN.

mod regression;
mod student;

pub(crate) use regression::Line;
