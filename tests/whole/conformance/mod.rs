//! Both logs keep the same promises: every scenario runs on the embedded log and on real Kafka, is held against what must
//! come of it, and has to read the same on both.

mod budgets;
mod feed;
mod refusals;
mod repeats;
mod service;
mod transactions;
mod world;
