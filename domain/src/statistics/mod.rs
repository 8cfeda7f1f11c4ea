//! Estimates: the only place of the domain where numbers are floats. What comes out is a guess with an interval, is
//! labelled as one, and becomes an amount again by rounding; nothing here is ever added to a balance or a budget.
//!
//! `student` (quantiles of Student's t) · `regression` (a line through points) · `seasonal` (a line and months of the
//! year) · `method` (the ways to look ahead) · `back_test` (how well each would have done) · `forecast` (the best of
//! them) · `outlook` (where a month that has begun will end) · `money` (amounts to floats and back) · `share` (parts of a whole, to a hundredth of a percent)
//!
//! Every function guards itself: where there is no finite answer there is `None`, never NaN.

mod back_test;
mod forecast;
mod method;
mod money;
mod outlook;
mod regression;
mod seasonal;
mod share;
mod student;

pub(crate) use forecast::{Forecast, forecast};
pub use method::ForecastMethod;
pub(crate) use method::{Band, History};
pub(crate) use money::{from_float, to_float};
pub(crate) use outlook::{Chance, Pace, exceeds_on, mean};
pub(crate) use regression::Line;
pub use share::Share;
