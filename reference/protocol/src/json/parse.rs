//! From text to tree, refusing what has more than one reading.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

use super::value::{Fault, GREATEST_INTEGER, Json};

/// How deep objects and arrays may be nested in a client's frame, the frame itself being 1 (CONV-8).
const DEPTH: usize = 16;

/// From so many members on, their names are held in a set: comparing each with each would let one frame cost seconds.
const FEW_MEMBERS: usize = 16;

/// How much of the conventions a text is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// A client's frame: all of CONV-1 to CONV-12.
    Strict,
    /// A plaintext: members that are not read may hold any numbers (ENC-8, ENC-9).
    Plaintext,
    /// A server's text: members that are not read may be any JSON (CONV-9), but no name stands twice in one object.
    Lenient,
}

/// Parses one JSON text.
pub(crate) fn parse(text: &str, strictness: Strictness) -> Result<Json<'_>, Fault> {
    if text.starts_with('\u{feff}') {
        // [CONV-5]
        return Err(Fault::new(
            "CONV-5",
            "the text begins with a byte-order mark",
        ));
    }
    let broken = Cell::new(None);
    let value = Value {
        depth: 1,
        strictness,
        broken: &broken,
    };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    value
        .deserialize(&mut deserializer)
        // [CONV-1] nothing but white space may follow
        .and_then(|json| deserializer.end().map(|()| json))
        .map_err(|error| Fault::new(broken.get().unwrap_or(blame(&error)), error.to_string()))
}

/// The requirement that a syntax error breaks.
fn blame(error: &serde_json::Error) -> &'static str {
    let text = error.to_string();
    if error.classify() == Category::Syntax {
        if text.starts_with("lone leading surrogate")
            || text.starts_with("unexpected end of hex escape")
        {
            return "CONV-6";
        }
        if text.starts_with("invalid number") || text.starts_with("number out of range") {
            return "CONV-12";
        }
    }
    "CONV-1"
}

/// One value at a depth. It notes the requirement that it finds broken, since serde's errors hold text alone.
#[derive(Clone, Copy)]
struct Value<'r> {
    depth: usize,
    strictness: Strictness,
    broken: &'r Cell<Option<&'static str>>,
}

impl Value<'_> {
    fn break_off<E: de::Error>(&self, requirement: &'static str, what: impl fmt::Display) -> E {
        self.broken.set(Some(requirement));
        E::custom(what)
    }

    /// [CONV-12]
    fn other_number<'de, E: de::Error>(&self) -> Result<Json<'de>, E> {
        match self.strictness {
            Strictness::Strict => Err(self.break_off(
                "CONV-12",
                "a number must be written as plain digits and be at most 9007199254740991",
            )),
            Strictness::Plaintext | Strictness::Lenient => Ok(Json::OtherNumber),
        }
    }

    /// [CONV-8] what stands inside of this one.
    fn deeper<E: de::Error>(&self) -> Result<Self, E> {
        if self.strictness != Strictness::Lenient && self.depth > DEPTH {
            return Err(self.break_off("CONV-8", format_args!("nested deeper than {DEPTH}")));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..*self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Json<'de>, E> {
        if number > GREATEST_INTEGER {
            return self.other_number();
        }
        Ok(Json::Uint(number))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Json<'de>, E> {
        self.other_number()
    }

    // 1.0, 1e3, -0 and what overflows 64 bits come by here
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Json<'de>, E> {
        self.other_number()
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let item = self.deeper()?;
        let mut list = Vec::new();
        while let Some(json) = items.next_element_seed(item)? {
            list.push(json);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json<'de>, A::Error> {
        let value = self.deeper()?;
        let mut object: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut names = HashSet::new();
        while let Some(name) = members.next_key_seed(Name)? {
            // [CONV-2] compared as decoded: "a" and "\u0061" are one name
            let twice = if object.len() < FEW_MEMBERS {
                object.iter().any(|(known, _)| *known == name)
            } else {
                if names.is_empty() {
                    names.extend(object.iter().map(|(known, _)| known.clone()));
                }
                !names.insert(name.clone())
            };
            if twice {
                let shown: String = name.chars().take(32).collect();
                return Err(
                    self.break_off("CONV-2", format_args!("the member {shown:?} stands twice"))
                );
            }
            object.push((name, members.next_value_seed(value)?));
        }
        Ok(Json::Object(object))
    }
}

/// A member's name.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn broken(text: &str) -> Option<&'static str> {
        parse(text, Strictness::Strict)
            .err()
            .map(|fault| fault.requirement)
    }

    #[test]
    fn one_object_with_white_space_around_it_is_fine() {
        assert_eq!(
            parse(" {\"a\" : [0, \"\\u00e9\"]}\n", Strictness::Strict),
            Ok(Json::Object(vec![(
                "a".into(),
                Json::List(vec![Json::Uint(0), Json::Text("é".into())])
            )]))
        );
    }

    #[test]
    fn what_is_not_exactly_one_json_text_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "{}{}",
            "{} x",
            "{'a':1}",
            "{\"a\":1,}",
            "nul",
            "\"\u{1}\"",
            "//\n{}",
            "NaN",
        ] {
            assert_eq!(broken(text), Some("CONV-1"), "{text:?}");
        }
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_every_depth_and_in_every_spelling() {
        assert_eq!(broken(r#"{"a":{"b":1},"c":{"b":1}}"#), None);
        assert_eq!(broken(r#"{"a":1,"a":1}"#), Some("CONV-2"));
        assert_eq!(broken(r#"{"a":1,"\u0061":1}"#), Some("CONV-2"));
        assert_eq!(broken(r#"[[{"x":{"a":1,"b":2,"a":1}}]]"#), Some("CONV-2"));
        let many: Vec<_> = (0..100).map(|i| format!("\"m{i}\":0")).collect();
        assert_eq!(broken(&format!("{{{}}}", many.join(","))), None);
        assert_eq!(
            broken(&format!("{{{},\"m3\":0}}", many.join(","))),
            Some("CONV-2")
        );
        assert_eq!(
            broken(&format!("{{{},\"m99\":0}}", many.join(","))),
            Some("CONV-2")
        );
        assert!(parse(r#"{"a":1,"a":1}"#, Strictness::Lenient).is_err());
    }

    #[test]
    fn a_byte_order_mark_is_refused() {
        assert_eq!(broken("{}"), None);
        assert_eq!(broken("\u{feff}{}"), Some("CONV-5"));
    }

    #[test]
    fn half_a_surrogate_pair_is_refused_and_a_whole_one_is_not() {
        assert_eq!(broken(r#""\ud83d\ude00""#), None);
        for text in [
            r#""\ud800""#,
            r#""\udc00""#,
            r#""\ud83d\ud83d""#,
            r#""\ud83d\u0041""#,
            r#""\ud83dx""#,
            r#"{"\ud800":1}"#,
        ] {
            assert_eq!(broken(text), Some("CONV-6"), "{text}");
        }
    }

    #[test]
    fn sixteen_levels_are_allowed_and_seventeen_are_not() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(broken(&nested(16)), None);
        assert_eq!(broken(&nested(17)), Some("CONV-8"));
        assert_eq!(broken(&"[".repeat(100_000)), Some("CONV-8"));
        let objects = |depth| format!("{}0{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        assert_eq!(broken(&objects(16)), None);
        assert_eq!(broken(&objects(17)), Some("CONV-8"));
        assert!(parse(&nested(17), Strictness::Lenient).is_ok());
        assert!(parse(&nested(16), Strictness::Plaintext).is_ok());
        assert!(parse(&nested(17), Strictness::Plaintext).is_err());
        assert!(parse(&"[".repeat(100_000), Strictness::Lenient).is_err());
    }

    #[test]
    fn only_plain_integers_up_to_2_to_the_53_minus_1_are_numbers() {
        for text in ["0", "1", "10", "9007199254740991"] {
            assert_eq!(broken(text), None, "{text}");
        }
        for text in [
            "1.0",
            "1e3",
            "1E3",
            "-0",
            "-1",
            "01",
            "9007199254740992",
            "18446744073709551616",
            "1e400",
            "0.5",
        ] {
            assert_eq!(broken(text), Some("CONV-12"), "{text}");
        }
    }

    #[test]
    fn a_lenient_text_may_hold_other_numbers() {
        for text in ["1.5", "-1", "9007199254740992"] {
            assert_eq!(parse(text, Strictness::Lenient), Ok(Json::OtherNumber));
            assert_eq!(parse(text, Strictness::Plaintext), Ok(Json::OtherNumber));
        }
        assert!(parse("01", Strictness::Lenient).is_err());
    }

    proptest! {
        #[test]
        fn whatever_serde_json_writes_of_plain_values_is_read(texts: Vec<String>, number in 0..=GREATEST_INTEGER) {
            let text = serde_json::json!({"l": texts, "n": number}).to_string();
            let members = vec![
                ("l".into(), Json::List(texts.iter().map(|text| Json::Text(text.as_str().into())).collect())),
                ("n".into(), Json::Uint(number)),
            ];
            prop_assert_eq!(parse(&text, Strictness::Strict), Ok(Json::Object(members)));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = parse(&text, Strictness::Strict);
        }
    }
}
