//! Schedules from the outside: the dialects, daylight saving, laws that hold for all of them, and a second opinion.

mod daylight_saving;
mod dialects;
mod laws;
mod second_opinion;
mod support;
