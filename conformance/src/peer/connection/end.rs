//! How a connection ended, and how that is told.

use serde_json::Value;

/// How a connection ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct End {
    /// The `bye` that came before.
    pub bye: Option<Value>,
    /// The close code; 1005 where the close frame has none, as RFC 6455 says.
    pub close: Option<u16>,
    /// What the system or the WebSocket's rules said, where there was no close frame.
    pub broken: Option<String>,
}

impl End {
    /// Whether the server said that it goes: by a `bye` or a close frame.
    pub fn is_polite(&self) -> bool {
        self.bye.is_some() || self.close.is_some()
    }

    /// For people.
    pub fn describe(&self) -> String {
        let bye = self
            .bye
            .as_ref()
            .map_or_else(String::new, |bye| format!("`bye` {}, ", bye["code"]));
        match (self.close, &self.broken) {
            (Some(1005), _) => {
                format!("the end of the connection: {bye}a close frame without a code")
            }
            (Some(code), _) => format!("the end of the connection: {bye}close code {code}"),
            (None, Some(broken)) => {
                format!("the end of the connection: {bye}no close frame ({broken})")
            }
            (None, None) => format!("the end of the connection: {bye}no close frame"),
        }
    }
}
