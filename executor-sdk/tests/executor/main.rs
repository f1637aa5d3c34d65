//! The SDK as an admin meets it, over HTTP on loopback. A folder with one file per subject, one program for all.

mod batches;
mod crash;
mod delivery;
mod lifecycle;
mod refusals;
mod running;
mod support;
mod wire;
