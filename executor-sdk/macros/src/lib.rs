//! The `#[job]` macro of the hzmjob SDK. Its documentation is where users meet it: at `hzmjob::job`.
//!
//! This file only carries tokens in and out; `job.rs` does the work, as an ordinary function that tests can call.

mod job;

use proc_macro::TokenStream;

/// Makes a job of an async function; see `hzmjob::job`.
#[proc_macro_attribute]
pub fn job(attribute: TokenStream, item: TokenStream) -> TokenStream {
    job::expand(attribute.into(), item.into()).into()
}
