//! From the text that an admin sends to the type that a job asks for.
//!
//! The text has no declared format, so the wanted type decides: text starting with `{` or `[` is JSON, anything else is
//! the plain form of a number, a `bool`, an enum variant or a string. Unlike the original Go client, which runs a job
//! with whatever it could read, text that does not fit ends the run as failed with what, where and what was expected.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::job_error::JobError;

/// The parameters of one run as they came. What `#[job]` calls; a job written by hand may read them itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters {
    text: Option<String>,
}

impl Parameters {
    /// Empty text means the same as no text: an admin's form cannot tell the two apart.
    pub fn new(text: Option<String>) -> Self {
        Self { text: text.filter(|text| !text.trim().is_empty()) }
    }

    /// The text as it came, if there is any.
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Reads the text as a `P`.
    ///
    /// # Errors
    ///
    /// When there is no text and `P` is not an `Option`, and when the text does not fit `P`.
    pub fn parse<P: DeserializeOwned>(&self) -> Result<P, JobError> {
        P::deserialize(Text { text: self.text() }).map_err(|problem| {
            let wanted = short_name(std::any::type_name::<P>());
            JobError::new(format_args!("the parameters do not fit {wanted}: {problem}"))
        })
    }
}

/// A type's name without the paths to it: `Option<DateRange>`.
fn short_name(name: &str) -> String {
    let in_path = |character: char| character.is_alphanumeric() || matches!(character, '_' | ':');
    let parts = name.split_inclusive(|character| !in_path(character));
    parts.map(|part| part.rsplit("::").next().unwrap_or(part)).collect()
}

/// Deserializes from loosely written text; see the module's comment for the rules.
struct Text<'a> {
    text: Option<&'a str>,
}

impl<'a> Text<'a> {
    fn required(&self) -> Result<&'a str, serde_json::Error> {
        self.text.ok_or_else(|| serde_json::Error::custom("the job needs parameters and the admin sent none"))
    }

    fn scalar(&self) -> Result<&'a str, serde_json::Error> {
        self.required().map(str::trim)
    }
}

fn is_structured(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// A number or `bool` in its plain form; what does not parse is reported as the text it is.
macro_rules! plain {
    ($($method:ident $visit:ident $ty:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let text = self.scalar()?;
            match text.parse::<$ty>() {
                Ok(value) => visitor.$visit(value),
                Err(_) => visitor.visit_str(text),
            }
        }
    )*};
}

/// Types that only JSON can write down.
macro_rules! structured {
    ($($method:ident($($arg:ident: $ty:ty),*),)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($arg: $ty,)* visitor: V) -> Result<V::Value, Self::Error> {
            let text = self.required()?;
            if !is_structured(text) {
                return visitor.visit_str(text);
            }
            let mut json = serde_json::Deserializer::from_str(text);
            let value = json.$method($($arg,)* visitor)?;
            json.end()?;
            Ok(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = serde_json::Error;

    plain! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16, deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64, deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32, deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    structured! {
        deserialize_struct(name: &'static str, fields: &'static [&'static str]),
        deserialize_map(), deserialize_seq(), deserialize_tuple(len: usize),
        deserialize_tuple_struct(name: &'static str, len: usize),
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.required()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        if self.text.is_none() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.text {
            None => visitor.visit_unit(),
            Some(text) => visitor.visit_str(text),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let text = self.scalar()?;
        if is_structured(text) {
            let mut json = serde_json::Deserializer::from_str(text);
            let value = json.deserialize_enum(name, variants, visitor)?;
            json.end()?;
            return Ok(value);
        }
        let plain: StrDeserializer<'_, Self::Error> = text.into_deserializer();
        visitor.visit_enum(plain)
    }

    // For types that take what comes, such as `serde_json::Value`: structured text is JSON, all other text is text.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let text = self.required()?;
        if !is_structured(text) {
            return visitor.visit_str(text);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let value = json.deserialize_any(visitor)?;
        json.end()?;
        Ok(value)
    }

    forward_to_deserialize_any! { bytes byte_buf identifier ignored_any }
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
