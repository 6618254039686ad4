//! Reads JSON (RFC 8259) as strictly as spec/conventions.md asks, into `serde_json`'s values.
//!
//! Its own parser, because the questions that matter here are those that libraries answer silently: equal names,
//! lone surrogates, how a number is written, how deep a text is nested. Also, the reference reads with `serde_json`.

use super::Verdict;
use super::fields::MAX_NUMBER;
use serde_json::{Map, Number, Value};

/// What is asked of a text beyond RFC 8259, unequal names and paired surrogates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The greatest depth of objects and arrays, the outermost being 1.
    pub depth: usize,
    /// Numbers are unsigned integers up to 2^53 - 1 [CONV-12].
    pub unsigned_only: bool,
}

impl Rules {
    /// For a client's frame [CONV-1] to [CONV-8], [CONV-12].
    pub const FRAME: Self = Self {
        depth: 16,
        unsigned_only: true,
    };
    /// For a plaintext [ENC-8], whose members that nobody knows may hold any number.
    pub const PLAINTEXT: Self = Self {
        depth: 16,
        unsigned_only: false,
    };
    /// For a server's frame, which may hold anything in members that nobody knows. The depth only bounds the stack.
    pub const OPEN: Self = Self {
        depth: 256,
        unsigned_only: false,
    };
}

/// The one JSON object that these bytes are, or `malformed`.
pub fn read_object(bytes: &[u8], rules: Rules) -> Result<Value, Verdict> {
    // [CONV-7]
    let text = std::str::from_utf8(bytes)
        .map_err(|e| Verdict::malformed("CONV-7", format!("not UTF-8: {e}")))?;
    // [CONV-5]
    if text.starts_with('\u{feff}') {
        return Err(Verdict::malformed(
            "CONV-5",
            "begins with a byte-order mark",
        ));
    }
    let mut reader = Reader {
        rest: text,
        rules,
        depth: 0,
    };
    reader.space();
    if !reader.rest.starts_with('{') {
        return Err(grammar("an object is due"));
    }
    let value = reader.value()?;
    reader.space();
    // [CONV-1]
    if !reader.rest.is_empty() {
        return Err(grammar("something follows the object"));
    }
    Ok(value)
}

struct Reader<'a> {
    rest: &'a str,
    rules: Rules,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, Verdict> {
        match self.rest.chars().next() {
            Some('{') => self.nested(Self::object),
            Some('[') => self.nested(Self::array),
            Some('"') => Ok(Value::String(self.string()?)),
            Some('-' | '0'..='9') => self.number(),
            _ => {
                let words = [
                    ("true", Value::Bool(true)),
                    ("false", Value::Bool(false)),
                    ("null", Value::Null),
                ];
                for (word, value) in words {
                    if self.take(word) {
                        return Ok(value);
                    }
                }
                Err(grammar("a value is due"))
            }
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value, Verdict>) -> Result<Value, Verdict> {
        self.depth += 1;
        // [CONV-8]
        if self.depth > self.rules.depth {
            return Err(Verdict::malformed(
                "CONV-8",
                format!("nested deeper than {}", self.rules.depth),
            ));
        }
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value, Verdict> {
        let mut members = Map::new();
        self.items('{', '}', |reader| {
            if !reader.rest.starts_with('"') {
                return Err(grammar("a member's name is due"));
            }
            let name = reader.string()?;
            reader.space();
            reader.expect(':')?;
            reader.space();
            let value = reader.value()?;
            // [CONV-2] Names are compared as decoded: "a" and "\u0061" are one.
            if members.contains_key(&name) {
                return Err(Verdict::malformed(
                    "CONV-2",
                    format!("the member {name:?} stands twice"),
                ));
            }
            members.insert(name, value);
            Ok(())
        })?;
        Ok(Value::Object(members))
    }

    fn array(&mut self) -> Result<Value, Verdict> {
        let mut values = Vec::new();
        self.items('[', ']', |reader| {
            values.push(reader.value()?);
            Ok(())
        })?;
        Ok(Value::Array(values))
    }

    /// `open item, item, ... close`, with white space anywhere between.
    fn items(
        &mut self,
        open: char,
        close: char,
        mut item: impl FnMut(&mut Self) -> Result<(), Verdict>,
    ) -> Result<(), Verdict> {
        self.expect(open)?;
        self.space();
        if self.take(close) {
            return Ok(());
        }
        loop {
            self.space();
            item(self)?;
            self.space();
            if self.take(close) {
                return Ok(());
            }
            self.expect(',')?;
        }
    }

    fn string(&mut self) -> Result<String, Verdict> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            let next = self.next()?;
            match next {
                '"' => return Ok(out),
                '\\' => out.push(self.escape()?),
                '\0'..'\u{20}' => return Err(grammar("a control character in a string")),
                _ => out.push(next),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Verdict> {
        Ok(match self.next()? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut units = vec![self.unit()?];
                if (0xd800..0xdc00).contains(&units[0]) && self.take("\\u") {
                    units.push(self.unit()?);
                }
                // [CONV-6]
                let text = String::from_utf16(&units).map_err(|_| {
                    Verdict::malformed("CONV-6", "a surrogate that is not half of a pair")
                })?;
                text.chars()
                    .next()
                    .expect("one or two units make one character")
            }
            _ => return Err(grammar("an unknown escape")),
        })
    }

    fn unit(&mut self) -> Result<u16, Verdict> {
        let digits = self
            .rest
            .get(..4)
            .filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let digits = digits.ok_or_else(|| grammar("four hexadecimal digits are due"))?;
        self.rest = &self.rest[4..];
        Ok(u16::from_str_radix(digits, 16).expect("four digits"))
    }

    fn number(&mut self) -> Result<Value, Verdict> {
        let end = self
            .rest
            .find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
            .unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        let unsigned: Option<u64> = is_unsigned(token).then(|| token.parse().ok()).flatten();
        if let Some(n) = unsigned.filter(|n| *n <= MAX_NUMBER) {
            return Ok(Value::Number(Number::from(n)));
        }
        // [CONV-12]
        if self.rules.unsigned_only {
            return Err(Verdict::malformed("CONV-12", format!("the number {token}")));
        }
        if !is_number(token) {
            return Err(grammar(format!("{token} is no number")));
        }
        let float = token.parse().ok().and_then(Number::from_f64);
        float
            .map(Value::Number)
            .ok_or_else(|| grammar(format!("{token} is beyond a double's range")))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn next(&mut self) -> Result<char, Verdict> {
        let mut chars = self.rest.chars();
        let next = chars
            .next()
            .ok_or_else(|| grammar("the text ends too early"))?;
        self.rest = chars.as_str();
        Ok(next)
    }

    fn take<'p>(&mut self, what: impl Into<Pattern<'p>>) -> bool {
        let after = match what.into() {
            Pattern::Character(c) => self.rest.strip_prefix(c),
            Pattern::Word(w) => self.rest.strip_prefix(w),
        };
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), Verdict> {
        self.take(c)
            .then_some(())
            .ok_or_else(|| grammar(format!("{c:?} is due")))
    }
}

enum Pattern<'p> {
    Character(char),
    Word(&'p str),
}

impl From<char> for Pattern<'_> {
    fn from(c: char) -> Self {
        Self::Character(c)
    }
}

impl<'p> From<&'p str> for Pattern<'p> {
    fn from(word: &'p str) -> Self {
        Self::Word(word)
    }
}

fn grammar(detail: impl Into<String>) -> Verdict {
    Verdict::malformed("CONV-1", detail)
}

/// `0`, or a digit from 1 to 9 followed by digits.
fn is_unsigned(token: &str) -> bool {
    token == "0"
        || !token.starts_with('0') && !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit())
}

/// `number` of RFC 8259, section 6.
fn is_number(token: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let token = token.strip_prefix('-').unwrap_or(token);
    let (mantissa, exponent) = match token.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (
            mantissa,
            Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        ),
        None => (token, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    is_unsigned(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(text: &str, rules: Rules) -> &'static str {
        read_object(text.as_bytes(), rules).map_or_else(|v| v.requirement, |_| "none")
    }

    #[test]
    fn what_serde_json_reads_we_read_alike() {
        let text = r#" {"a": [1, "\u00e9\ud83d\ude00\n", {}, [], true, null], "b": {"c": 9007199254740991}} "#;
        let ours = read_object(text.as_bytes(), Rules::FRAME).unwrap();
        assert_eq!(ours, serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn what_libraries_let_pass_is_refused_by_name() {
        let cases = [
            (r#"{"a":1,"a":1}"#, "CONV-2"),
            (r#"{"a":{"b":1,"\u0062":1}}"#, "CONV-2"),
            ("\u{feff}{}", "CONV-5"),
            (r#"{"a":"\ud800"}"#, "CONV-6"),
            (r#"{"a":"\ud800\u0041"}"#, "CONV-6"),
            (r#"{"a":"\udc00\ud800"}"#, "CONV-6"),
            (r#"{"a":1.0}"#, "CONV-12"),
            (r#"{"a":-0}"#, "CONV-12"),
            (r#"{"a":01}"#, "CONV-12"),
            (r#"{"a":9007199254740992}"#, "CONV-12"),
            (r#"{"a":99999999999999999999999}"#, "CONV-12"),
            ("{} {}", "CONV-1"),
            ("[]", "CONV-1"),
            (r#"{"a":1,}"#, "CONV-1"),
            (r#"{"a":"\é123"}"#, "CONV-1"),
            (r#"{"a":"\u00é"}"#, "CONV-1"),
            ("{\"a\":\"\n\"}", "CONV-1"),
            ("", "CONV-1"),
        ];
        for (text, expected) in cases {
            assert_eq!(requirement(text, Rules::FRAME), expected, "{text}");
        }
        assert_eq!(
            read_object(b"{\"a\":\"\xff\"}", Rules::FRAME)
                .unwrap_err()
                .requirement,
            "CONV-7"
        );
        let deep = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert_eq!(requirement(&deep(15), Rules::FRAME), "none");
        assert_eq!(requirement(&deep(16), Rules::FRAME), "CONV-8");
    }

    #[test]
    fn open_texts_may_hold_any_number_of_json() {
        for number in ["1.5", "-0", "1e3", "-2E+7", "18446744073709551616"] {
            assert_eq!(
                requirement(&format!("{{\"a\":{number}}}"), Rules::OPEN),
                "none",
                "{number}"
            );
        }
        for number in ["01", "1.", "+1", "-", "1e", ".5", "--1"] {
            assert_eq!(
                requirement(&format!("{{\"a\":{number}}}"), Rules::OPEN),
                "CONV-1",
                "{number}"
            );
        }
    }
}
