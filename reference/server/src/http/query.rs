//! A request's query, read strictly: parameters that are known, each once, whose values are integers as CONV-12 has them.
//! Nothing is decoded, since no name and no integer needs it. // [HTTP-4]

use std::ops::RangeInclusive;

use dispatch_protocol::refusal::Refusal;

/// The greatest integer of the protocol. // [CONV-12]
const GREATEST: u64 = 9_007_199_254_740_991;

/// The parameters that a request states.
#[derive(Debug)]
pub(super) struct Query<'q> {
    stated: Vec<(&'q str, u64)>,
}

impl<'q> Query<'q> {
    /// Reads a query in which no other parameters than these may stand.
    ///
    /// # Errors
    /// `malformed`. What was stated is not repeated: it may be a token that somebody put in the wrong place.
    pub(super) fn read(query: Option<&'q str>, known: &[&str]) -> Result<Query<'q>, Refusal> {
        let mut stated: Vec<(&str, u64)> = Vec::new();
        let parameters = query.filter(|query| !query.is_empty());
        for parameter in parameters.into_iter().flat_map(|query| query.split('&')) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if !known.contains(&name) {
                return Err(malformed(match known {
                    [] => "there is no parameter here; leave the query out".to_owned(),
                    known => format!("the parameters here are {}", known.join(", ")),
                }));
            }
            if stated.iter().any(|(before, _)| *before == name) {
                return Err(malformed(format!("{name} stands there twice")));
            }
            let Some(value) = integer(value) else {
                return Err(Refusal::malformed(
                    "CONV-12",
                    format!("{name} must be an integer from 0 to {GREATEST}"),
                ));
            };
            stated.push((name, value));
        }
        Ok(Query { stated })
    }

    /// A parameter that may be left out.
    pub(super) fn optional(&self, name: &str) -> Option<u64> {
        let stated = self.stated.iter().find(|(stated, _)| *stated == name);
        stated.map(|(_, value)| *value)
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<u64, Refusal> {
        self.optional(name)
            .ok_or_else(|| malformed(format!("{name} is missing")))
    }

    /// A parameter that may be left out, within its bounds.
    pub(super) fn within(
        &self,
        name: &str,
        bounds: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Refusal> {
        match self.optional(name) {
            Some(value) if !bounds.contains(&value) => Err(malformed(format!(
                "{name} must be from {} to {}",
                bounds.start(),
                bounds.end()
            ))),
            value => Ok(value),
        }
    }
}

/// An integer as CONV-12 has it: no sign, no leading zero, not too great.
pub(super) fn integer(text: &str) -> Option<u64> {
    let plain = match text.as_bytes() {
        [b'0'] => true,
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !plain {
        return None;
    }
    text.parse().ok().filter(|value| *value <= GREATEST)
}

fn malformed(detail: String) -> Refusal {
    Refusal::malformed("HTTP-4", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_one_form() {
        for (text, value) in [("0", 0), ("7", 7), ("9007199254740991", GREATEST)] {
            assert_eq!(integer(text), Some(value));
        }
        for text in [
            "",
            "00",
            "01",
            "-0",
            "-1",
            "+1",
            "1.0",
            "1e3",
            " 1",
            "1 ",
            "0x1",
            "٣",
            "9007199254740992",
            "99999999999999999999999999",
        ] {
            assert_eq!(integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_query_holds_what_is_known_and_each_of_it_once() {
        let known = ["from", "limit"];
        let good = Query::read(Some("limit=3&from=0"), &known).unwrap();
        assert_eq!(
            (good.optional("from"), good.optional("limit")),
            (Some(0), Some(3))
        );
        assert_eq!(good.within("limit", 1..=3), Ok(Some(3)));
        assert!(good.within("limit", 4..=5).is_err());
        for none in [None, Some("")] {
            let query = Query::read(none, &known).unwrap();
            assert_eq!(query.within("from", 1..=2), Ok(None));
            assert!(query.required("from").is_err());
        }
        for bad in [
            "from",
            "from=",
            "=1",
            "&",
            "from=1&",
            "&from=1",
            "from=1&from=1",
            "to=1",
            "FROM=1",
            "fro%6d=1",
            "from=%31",
            "from=1;limit=2",
            "from=1&limit=2&x",
            "from==1",
        ] {
            let refusal = Query::read(Some(bad), &known).unwrap_err();
            assert_eq!(refusal.code.as_str(), "malformed", "{bad}");
        }
        assert!(Query::read(Some("from=1"), &[]).is_err());
    }
}
