//! What tests and benchmarks of many servers stand on, each of them real: PostgreSQL with a synchronous standby
//! ([`postgres`]), cables that can be cut ([`proxy`]), and several `dispatchd` behind a load balancer ([`fleet`]).
//!
//! It drives processes and knows nothing of what they say. Whatever is started goes with the value that stands for it, and, on
//! Linux, with the process that started it, even if that one is killed.

mod account;
pub mod fleet;
pub mod postgres;
mod problem;
mod process;
pub mod proxy;
mod waiting;

pub use fleet::{Database, Fleet, Plan, Stays};
pub use postgres::Postgres;
pub use problem::Problem;
pub use proxy::Proxy;
/// The client by which a test looks into a database.
pub use tokio_postgres;
