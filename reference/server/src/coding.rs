//! The one content coding that is offered, gzip (RFC 9110, section 8.4.1.3): for what everybody may read, and for blocks, a
//! quarter of whose letters say nothing. Never for what carries a token: the length of what was coded together with a
//! stranger's text would tell of it. // [HTTP-19]

use std::io::Write as _;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_ENCODING;
use flate2::Compression;
use flate2::write::GzEncoder;

/// How much work is worth it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// For an answer that waits.
    Little,
    /// For a file that is coded once.
    Much,
}

/// Whether a request takes gzip (RFC 9110, section 12.5.3).
pub(crate) fn takes_gzip(request: &HeaderMap) -> bool {
    let stated = request.get_all(ACCEPT_ENCODING).iter();
    let codings = stated.flat_map(|line| line.to_str().unwrap_or_default().split(','));
    let mut any = false;
    for coding in codings {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_taken = !is_zero(weight);
        match name.trim() {
            // What is said of gzip itself counts more than what is said of all.
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => {
                return is_taken;
            }
            "*" => any = is_taken,
            _ => {}
        }
    }
    any
}

/// Whether a weight, such as `q=0.0`, says not at all.
fn is_zero(weight: &str) -> bool {
    let weight = weight.trim();
    let value = weight.strip_prefix("q=").or(weight.strip_prefix("Q="));
    value.is_some_and(|value| {
        value
            .trim()
            .parse::<f32>()
            .is_ok_and(|weight| weight <= 0.0)
    })
}

/// The bytes in gzip, where that is shorter.
pub(crate) fn gzip(bytes: &[u8], effort: Effort) -> Option<Vec<u8>> {
    let level = match effort {
        Effort::Little => Compression::fast(),
        Effort::Much => Compression::best(),
    };
    let mut coder = GzEncoder::new(Vec::with_capacity(bytes.len()), level);
    coder.write_all(bytes).ok()?;
    let coded = coder.finish().ok()?;
    (coded.len() < bytes.len()).then_some(coded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_as_its_weight_says() {
        for (stated, is_taken) in [
            (&[][..], false),
            (&[""], false),
            (&["gzip"], true),
            (&["br, GZIP ;q=0.2"], true),
            (&["deflate, br", "gzip"], true),
            (&["identity"], false),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.000, *"], false),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["*;q=0, gzip;q=0.001"], true),
            (&["gzipped"], false),
        ] {
            let mut headers = HeaderMap::new();
            for line in stated {
                headers.append(ACCEPT_ENCODING, line.parse().unwrap());
            }
            assert_eq!(takes_gzip(&headers), is_taken, "{stated:?}");
        }
    }
}
