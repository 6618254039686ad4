//! Templates: JSON in which an object with a member that begins with `$` stands for a value.
//!
//! A template is read into a tree of operators, so that a misspelt one is an error of the vectors and not of a run.

use std::num::NonZeroU64;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::codec::Scheme;

/// A template of the live vectors.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub enum Template {
    /// Stands for itself.
    Literal(Value),
    /// A list of templates.
    List(Vec<Template>),
    /// An object of templates.
    Object(Members),
    /// Is replaced by a value.
    Operator(Box<Operator>),
}

/// Members and their templates, in the order of the vector.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Members(pub Vec<(String, Template)>);

impl TryFrom<Map<String, Value>> for Members {
    type Error = String;

    fn try_from(members: Map<String, Value>) -> Result<Self, String> {
        members
            .into_iter()
            .map(|(name, value)| Ok((name, Template::try_from(value)?)))
            .collect::<Result<_, String>>()
            .map(Self)
    }
}

/// What replaces an object with a `$` member.
#[derive(Debug, Clone)]
pub enum Operator {
    /// `{"$": path}`: a value by name.
    Named(String),
    /// `{"$random": T}`: so many random bytes.
    Random(Template),
    /// `{"$hex": hex}`: these bytes.
    Bytes(Vec<u8>),
    /// `{"$zeros": T}`: so many zero bytes.
    Zeros(Template),
    /// `{"$sha256": T}`.
    Sha256(Template),
    /// `{"$flip": T}`: the last bit of the first byte turned.
    Flip(Template),
    /// `{"$cut": T}`: without the last byte.
    Cut(Template),
    /// `{"$grow": T}`: with a zero byte more.
    Grow(Template),
    /// `{"$add": [T, n]}`.
    Add(Template, Template),
    /// `{"$part": [T, n, m]}`: a number times n, divided by m and rounded down; n may be negative.
    Part(Template, i64, NonZeroU64),
    /// `{"$now": T}`: the time plus milliseconds.
    Now(Template),
    /// `{"$text": {of, times}}`.
    Text(Repeated),
    /// `{"$joined": [T, ...]}`: one text of texts and numbers.
    Joined(Vec<Template>),
    /// `{"$misspelt": {of, how}}`: a wrong text of bytes.
    Misspelt(Misspelt),
    /// `{"$list": {of, times}}`.
    List(Repeated),
    /// `{"$concat": [T, ...]}`.
    Concat(Vec<Template>),
    /// `{"$sign": ...}`: a signature.
    Sign(Sign),
    /// `{"$hello": ...}`: a whole `hello`.
    Hello(Hello),
    /// `{"$prove": ...}`: a whole `prove`.
    Prove(Prove),
    /// `{"$epoch_body": ...}`.
    EpochBody(EpochBody),
    /// `{"$share_body": ...}`.
    ShareBody(ShareBody),
    /// `{"$message_body": ...}`.
    MessageBody(MessageBody),
    /// `{"$with": T, set, drop}`.
    With(With),
    /// `{"$static": "file/test-id/member"}`.
    Static(String),
    /// `{"$outsider_key": n}`.
    OutsiderKey(Template),
}

/// Something and how often.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repeated {
    /// What is repeated.
    pub of: Template,
    /// How often.
    pub times: Template,
}

/// Bytes and how their text goes wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Misspelt {
    /// The bytes.
    pub of: Template,
    /// The mistake.
    pub how: Misspelling,
}

/// A mistake in base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misspelling {
    /// With `=` at the end.
    Padded,
    /// An unused bit of the last letter is one.
    TrailingBits,
    /// With `+` and `/`.
    Standard,
    /// A space in the midst.
    Spaced,
    /// A line feed at the end.
    Broken,
    /// Letters added up to a length of 1 modulo 4.
    OddLetter,
}

/// A signature over a tuple.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The role that signs.
    pub by: String,
    /// The tuple's label, without the version.
    pub label: String,
    /// The tuple's fields.
    pub fields: Vec<Field>,
    /// How it is signed.
    #[serde(default)]
    pub scheme: SchemeName,
}

/// A field of a tuple.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Field {
    /// Its UTF-8 bytes.
    Text(Template),
    /// The bytes.
    Bytes(Template),
    /// u64be.
    Uint(Template),
    /// List(x1, ..., xm).
    List(Vec<Template>),
}

/// A way of signing, by its name in the vectors; all but `pss` are wrong in this protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SchemeName(pub Scheme);

impl TryFrom<String> for SchemeName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        Scheme::named(&name)
            .map(Self)
            .ok_or_else(|| format!("`{name}` is no scheme of signatures"))
    }
}

/// A whole `hello`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// The role whose key it offers.
    #[serde(rename = "as")]
    pub role: String,
    /// Members put in the place of the usual ones.
    #[serde(default)]
    pub with: Members,
}

/// A whole `prove`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prove {
    /// The role that proves.
    #[serde(rename = "as")]
    pub role: String,
    /// The name of the `hello` that was sent.
    pub hello: String,
    /// The name of the captured `challenge`.
    pub challenge: String,
    /// Members put in the place of the usual ones.
    #[serde(default)]
    pub with: Members,
    /// Values put under the signature in the place of the usual ones.
    #[serde(default)]
    pub signed: Members,
    /// How it is signed.
    #[serde(default)]
    pub scheme: SchemeName,
}

/// A real epoch's body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochBody {
    /// The author's role.
    pub by: String,
    /// The recipients' roles.
    pub to: Vec<String>,
}

/// A real share's body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareBody {
    /// The author's role.
    pub by: String,
    /// The epoch's name.
    pub epoch: String,
    /// The further recipients' roles.
    pub to: Vec<String>,
}

/// A real message's body.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    /// The author's role.
    pub by: String,
    /// The epoch's name.
    pub epoch: String,
    /// What is said.
    pub text: Option<Template>,
    /// The message's `seq`, the author's next where it is left out.
    pub seq: Option<Template>,
}

/// An object with members changed.
#[derive(Debug, Clone)]
pub struct With {
    /// The object.
    pub of: Template,
    /// Members, or paths with `/`, and their new values.
    pub set: Members,
    /// Members, or paths with `/`, that go.
    pub drop: Vec<String>,
}

impl TryFrom<Value> for Template {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(items) => items
                .into_iter()
                .map(Self::try_from)
                .collect::<Result<_, _>>()
                .map(Self::List),
            Value::Object(members) if members.keys().any(|name| name.starts_with('$')) => {
                operator(members).map(|operator| Self::Operator(Box::new(operator)))
            }
            Value::Object(members) => Members::try_from(members).map(Self::Object),
            literal => Ok(Self::Literal(literal)),
        }
    }
}

fn operator(mut members: Map<String, Value>) -> Result<Operator, String> {
    if let Some(of) = members.shift_remove("$with") {
        return with(of, members);
    }
    let mut rest = members.into_iter();
    let (Some((name, value)), None) = (rest.next(), rest.next()) else {
        return Err("an operator's object has no member beside it, `$with` excepted".into());
    };
    match name.as_str() {
        "$" => text(value).map(Operator::Named),
        "$random" => Template::try_from(value).map(Operator::Random),
        "$hex" => hex(&text(value)?).map(Operator::Bytes),
        "$zeros" => Template::try_from(value).map(Operator::Zeros),
        "$sha256" => Template::try_from(value).map(Operator::Sha256),
        "$flip" => Template::try_from(value).map(Operator::Flip),
        "$cut" => Template::try_from(value).map(Operator::Cut),
        "$grow" => Template::try_from(value).map(Operator::Grow),
        "$add" => {
            let [to, number] = parsed::<[Template; 2]>(&name, value)?;
            Ok(Operator::Add(to, number))
        }
        "$part" => {
            let (of, times, divisor) = parsed::<(Template, i64, NonZeroU64)>(&name, value)?;
            Ok(Operator::Part(of, times, divisor))
        }
        "$joined" => parsed(&name, value).map(Operator::Joined),
        "$misspelt" => parsed(&name, value).map(Operator::Misspelt),
        "$now" => Template::try_from(value).map(Operator::Now),
        "$text" => parsed(&name, value).map(Operator::Text),
        "$list" => parsed(&name, value).map(Operator::List),
        "$concat" => parsed(&name, value).map(Operator::Concat),
        "$sign" => parsed(&name, value).map(Operator::Sign),
        "$hello" => parsed(&name, value).map(Operator::Hello),
        "$prove" => parsed(&name, value).map(Operator::Prove),
        "$epoch_body" => parsed(&name, value).map(Operator::EpochBody),
        "$share_body" => parsed(&name, value).map(Operator::ShareBody),
        "$message_body" => parsed(&name, value).map(Operator::MessageBody),
        "$static" => text(value).map(Operator::Static),
        "$outsider_key" => Template::try_from(value).map(Operator::OutsiderKey),
        unknown => Err(format!("`{unknown}` is no operator of templates")),
    }
}

fn with(of: Value, mut members: Map<String, Value>) -> Result<Operator, String> {
    let set = members
        .shift_remove("set")
        .map_or_else(|| Ok(Members::default()), |value| parsed("set", value))?;
    let drop = members
        .shift_remove("drop")
        .map_or_else(|| Ok(Vec::new()), |value| parsed("drop", value))?;
    match members.keys().next() {
        Some(unknown) => Err(format!(
            "`{unknown}` does not stand beside `$with`: only `set` and `drop` do"
        )),
        None => Ok(Operator::With(With {
            of: Template::try_from(of)?,
            set,
            drop,
        })),
    }
}

fn parsed<T: for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| format!("in `{name}`: {error}"))
}

fn text(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("a text was due, not {other}")),
    }
}

/// Bytes of a hexadecimal text; blanks may divide it.
pub fn hex(text: &str) -> Result<Vec<u8>, String> {
    let compact: String = text.split_whitespace().collect();
    data_encoding::HEXLOWER_PERMISSIVE
        .decode(compact.as_bytes())
        .map_err(|error| format!("`{text}` is not hexadecimal: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(value: Value) -> String {
        Template::try_from(value).expect_err("no template")
    }

    #[test]
    fn a_misspelt_operator_is_a_fault_of_the_vectors() {
        assert!(fault(json!({"deep": [{"$rnadom": 32}]})).contains("$rnadom"));
        assert!(
            fault(json!({"$sign": {"by": "a", "label": "join", "feilds": []}})).contains("feilds")
        );
        assert!(fault(json!({"$prove": {"as": "a", "hello": "h", "challenge": "c", "scheme": "pss-salt-33"}}))
            .contains("pss-salt-33"));
    }

    #[test]
    fn an_operator_stands_alone_in_its_object() {
        assert!(fault(json!({"$random": 32, "more": 1})).contains("beside"));
        assert!(fault(json!({"$with": {}, "sets": {}})).contains("sets"));
        assert!(
            Template::try_from(json!({"$with": {"a": 1}, "set": {"a": 2}, "drop": ["b"]})).is_ok()
        );
    }

    #[test]
    fn what_has_no_operator_stands_for_itself() {
        assert!(matches!(
            Template::try_from(json!("text")),
            Ok(Template::Literal(_))
        ));
        assert!(matches!(
            Template::try_from(json!({"a": [1, null]})),
            Ok(Template::Object(_))
        ));
    }

    #[test]
    fn hexadecimal_may_be_divided_by_blanks() {
        assert_eq!(hex("00 ff\n7F"), Ok(vec![0, 255, 127]));
        assert!(hex("0").is_err());
    }
}
