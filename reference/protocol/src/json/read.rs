//! Reading a tree member by member, with the path of whatever is wrong.

use std::borrow::Cow;
use std::fmt;

use super::value::{Fault, Json};
use crate::bytes::{Bytes, BytesError};

/// A value and the way to it.
#[derive(Clone, Copy)]
pub(crate) struct Field<'j, 'a> {
    json: &'j Json<'a>,
    path: Path<'j>,
}

/// An object's members.
#[derive(Clone, Copy)]
pub(crate) struct Members<'j, 'a> {
    members: &'j [(Cow<'a, str>, Json<'a>)],
    path: Path<'j>,
}

/// Where a value stands. Kept as links, since it is written out for an error alone.
#[derive(Clone, Copy)]
enum Path<'j> {
    Root,
    Member(&'j Path<'j>, &'j str),
    Item(&'j Path<'j>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("the text"),
            Self::Member(Self::Root, name) => f.write_str(name),
            Self::Member(outer, name) => write!(f, "{outer}.{name}"),
            Self::Item(outer, index) => write!(f, "{outer}[{index}]"),
        }
    }
}

impl<'j, 'a> Field<'j, 'a> {
    /// The whole text.
    pub(crate) fn root(json: &'j Json<'a>) -> Self {
        Self {
            json,
            path: Path::Root,
        }
    }

    /// An object.
    pub(crate) fn object(&self) -> Result<Members<'j, 'a>, Fault> {
        match self.json {
            Json::Object(members) => Ok(Members {
                members,
                path: self.path,
            }),
            _ => Err(self.wrong_type("an object")),
        }
    }

    /// Each item of a list.
    pub(crate) fn list<T>(
        &self,
        mut item: impl FnMut(Field<'_, 'a>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let Json::List(items) = self.json else {
            return Err(self.wrong_type("a list"));
        };
        items
            .iter()
            .enumerate()
            .map(|(index, json)| {
                item(Field {
                    json,
                    path: Path::Item(&self.path, index),
                })
            })
            .collect()
    }

    /// How many items a list has; none if it is no list.
    pub(crate) fn items(&self) -> usize {
        match self.json {
            Json::List(items) => items.len(),
            _ => 0,
        }
    }

    /// An integer.
    pub(crate) fn uint(&self) -> Result<u64, Fault> {
        match self.json {
            Json::Uint(number) => Ok(*number),
            Json::OtherNumber => Err(Fault::new(
                "CONV-12",
                format!(
                    "{} must be an integer from 0 to 9007199254740991",
                    self.path
                ),
            )),
            _ => Err(self.wrong_type("an integer")),
        }
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<&'j str, Fault> {
        match self.json {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong_type("a text")),
        }
    }

    /// A text of `least` to `most` bytes of UTF-8.
    pub(crate) fn text_of(&self, least: usize, most: usize) -> Result<&'j str, Fault> {
        let text = self.text()?;
        if !(least..=most).contains(&text.len()) {
            return Err(self.broken(
                "CONV-16",
                format_args!("must have {least} to {most} bytes, not {}", text.len()),
            ));
        }
        Ok(text)
    }

    /// Bytes of a free length.
    pub(crate) fn bytes(&self) -> Result<Bytes, Fault> {
        self.decoded(Bytes::decode)
    }

    /// Bytes of a fixed length, or another value that is written as a text.
    pub(crate) fn decoded<T>(
        &self,
        decode: impl FnOnce(&str) -> Result<T, BytesError>,
    ) -> Result<T, Fault> {
        decode(self.text()?)
            .map_err(|error| self.broken(error.requirement(), format_args!("holds {error}")))
    }

    /// A fault of this value.
    pub(crate) fn broken(&self, requirement: &'static str, what: impl fmt::Display) -> Fault {
        Fault::new(requirement, format!("{} {what}", self.path))
    }

    fn wrong_type(&self, expected: &str) -> Fault {
        // [CONV-4]
        self.broken("CONV-4", format_args!("must be {expected}"))
    }
}

impl<'j, 'a> Members<'j, 'a> {
    /// A member that may be left out.
    pub(crate) fn optional<'m>(&'m self, name: &'m str) -> Option<Field<'m, 'a>> {
        let (_, json) = self.members.iter().find(|(known, _)| known == name)?;
        Some(Field {
            json,
            path: Path::Member(&self.path, name),
        })
    }

    /// A member that must be there.
    pub(crate) fn required<'m>(&'m self, name: &'m str) -> Result<Field<'m, 'a>, Fault> {
        self.optional(name).ok_or_else(|| {
            // [CONV-4]
            Fault::new(
                "CONV-4",
                format!("{} is missing", Path::Member(&self.path, name)),
            )
        })
    }

    /// Refuses members other than these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Fault> {
        match self
            .members
            .iter()
            .find(|(name, _)| !names.contains(&&**name))
        {
            None => Ok(()),
            Some((name, _)) => {
                // [CONV-3] the name is somebody's words, and may be long
                let shown: String = name.chars().take(32).collect();
                Err(Fault::new(
                    "CONV-3",
                    format!("{} has no member {shown:?}; leave it out", self.path),
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Strictness, parse};
    use super::*;

    fn detail<T>(result: Result<T, Fault>) -> String {
        let fault = result.err().expect("a fault");
        format!("{}: {}", fault.requirement, fault.detail)
    }

    #[test]
    fn a_fault_names_the_way_to_it() {
        let json = parse(
            r#"{"entry":{"wraps":[{"wrap":"QQ"},{"wrap":7}]},"n":1.5}"#,
            Strictness::Lenient,
        )
        .unwrap();
        let root = Field::root(&json).object().unwrap();
        let entry = root.required("entry").unwrap().object().unwrap();
        let wraps = entry.required("wraps").unwrap();
        let read = wraps.list(|wrap| wrap.object()?.required("wrap")?.bytes());
        assert_eq!(detail(read), "CONV-4: entry.wraps[1].wrap must be a text");
        assert_eq!(
            detail(entry.required("kind")),
            "CONV-4: entry.kind is missing"
        );
        assert_eq!(
            detail(root.only(&["n"])),
            "CONV-3: the text has no member \"entry\"; leave it out"
        );
        assert_eq!(root.only(&["n", "entry"]), Ok(()));
        assert_eq!(
            detail(root.required("n").unwrap().uint()),
            "CONV-12: n must be an integer from 0 to 9007199254740991"
        );
        assert_eq!(wraps.items(), 2);
    }

    #[test]
    fn a_texts_length_is_counted_in_bytes() {
        let json = parse(r#""éé""#, Strictness::Strict).unwrap();
        let field = Field::root(&json);
        assert_eq!(field.text_of(1, 4), Ok("éé"));
        assert_eq!(
            detail(field.text_of(1, 3)),
            "CONV-16: the text must have 1 to 3 bytes, not 4"
        );
        assert_eq!(
            detail(field.text_of(5, 9)),
            "CONV-16: the text must have 5 to 9 bytes, not 4"
        );
    }
}
