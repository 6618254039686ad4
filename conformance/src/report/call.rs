//! How the program was called, to say how to play one case again.

/// A call of `run`.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Everything between `dispatch-conformance run` and the selectors, an argument an item.
    pub arguments: Vec<String>,
}

impl Call {
    /// The command that plays just this case again, ready for a shell.
    pub fn again(&self, case: &str) -> String {
        let mut command = "dispatch-conformance run".to_owned();
        for argument in self.arguments.iter().map(String::as_str).chain([case]) {
            command.push(' ');
            command.push_str(&quoted(argument));
        }
        command
    }

    /// The arguments alone, ready for a shell.
    pub fn server(&self) -> String {
        let arguments: Vec<String> = self
            .arguments
            .iter()
            .map(|argument| quoted(argument))
            .collect();
        arguments.join(" ")
    }
}

/// An argument as a POSIX shell must have it.
fn quoted(argument: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@,+%".contains(&byte);
    if !argument.is_empty() && argument.bytes().all(plain) {
        return argument.to_owned();
    }
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_can_be_pasted_into_a_shell() {
        let call = Call {
            arguments: [
                "ws://127.0.0.1:1",
                "--authority-key",
                "my keys/it's.pem",
                "--spawn",
                "a; b",
            ]
            .map(str::to_owned)
            .into(),
        };
        assert_eq!(
            call.again("join-good"),
            r"dispatch-conformance run ws://127.0.0.1:1 --authority-key 'my keys/it'\''s.pem' --spawn 'a; b' join-good"
        );
    }
}
