//! What is kept of a run, and what is done with it: bundles, baselines, recordings, matrices. Played by the program itself
//! against the control server, right or with a fault.

mod baselines;
mod bundles;
mod hindrances;
mod learning;
mod program;
mod records;
