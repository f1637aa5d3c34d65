use hzmjob::job;

#[job(" nightly")]
fn report() {}

fn main() {}
