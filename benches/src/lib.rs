//! What the benchmarks share. They print, and fail on no slow machine; what must hold is a test's to say.

pub mod ceiling;
pub mod chain;
pub mod closing;
pub mod cluster;
pub mod full;
pub mod goals;
pub mod growth;
pub mod instructions;
pub mod keys;
pub mod load;
pub mod peers;
pub mod sync;
pub mod table;
