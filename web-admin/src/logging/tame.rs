//! Keeps every line of the log for people one line, as it was written: what strangers send (app keys, names, words of nodes) can neither
//! begin lines of its own nor colour, delete or turn round what stands there.
//!
//! Only control characters and marks of direction are written as escapes; blanks and commas stay. Where a value begins and ends is told
//! for certain by the log for programs alone.

use slog::{OwnedKVList, Record};
use slog_term::{Decorator, RecordDecorator};
use std::io::{self, Write};

/// A decorator whose messages, keys and values are tame.
pub(super) struct Tame<D>(pub(super) D);

impl<D: Decorator> Decorator for Tame<D> {
    fn with_record<F>(&self, record: &Record<'_>, values: &OwnedKVList, write: F) -> io::Result<()>
    where
        F: FnOnce(&mut dyn RecordDecorator) -> io::Result<()>,
    {
        self.0.with_record(record, values, |line| write(&mut TameLine { line, is_said: false }))
    }
}

/// One line. What comes after a message, key or value has begun was said by somebody; the rest is the line's own, its end too.
struct TameLine<'a> {
    line: &'a mut dyn RecordDecorator,
    is_said: bool,
}

impl Write for TameLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_said {
            return self.line.write(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        match text.chars().any(is_wild) {
            // As it came: this is what nearly all of them are.
            false => self.line.write_all(bytes)?,
            true => self.line.write_all(tamed(&text).as_bytes())?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.line.flush()
    }
}

impl RecordDecorator for TameLine<'_> {
    fn reset(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.reset()
    }

    fn start_whitespace(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_whitespace()
    }

    fn start_msg(&mut self) -> io::Result<()> {
        self.is_said = true;
        self.line.start_msg()
    }

    fn start_timestamp(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_timestamp()
    }

    fn start_level(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_level()
    }

    fn start_comma(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_comma()
    }

    fn start_key(&mut self) -> io::Result<()> {
        self.is_said = true;
        self.line.start_key()
    }

    fn start_value(&mut self) -> io::Result<()> {
        self.is_said = true;
        self.line.start_value()
    }

    fn start_location(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_location()
    }

    fn start_separator(&mut self) -> io::Result<()> {
        self.is_said = false;
        self.line.start_separator()
    }
}

/// Whether a letter does something to the line instead of standing in it.
pub(super) fn is_wild(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn tamed(text: &str) -> String {
    let mut tame = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_wild(letter) { tame.extend(letter.escape_default()) } else { tame.push(letter) }
    }
    tame
}
