use hzmjob::job;

#[job]
struct Report;

fn main() {}
