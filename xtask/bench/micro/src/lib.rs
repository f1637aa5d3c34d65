//! Micro-benchmarks: what single steps of a fire cost, without servers, sockets and threads. They are in `benches/`, one
//! step each; `cargo bench -p hzm-job-bench-micro` runs them all. What whole fires cost is `cargo xtask bench`.
