//! Evaluates templates.

use serde_json::{Map, Value, json};

use super::{Stage, body, bytes, entry};
use crate::{
    codec::{
        Hash, Join, Tuple, fields,
        randomness::{Randomness, System},
        sha256,
    },
    peer::server::now,
    scenario::{
        Template,
        template::{Field, Hello, Members, Operator, Prove, Repeated, Sign, With},
    },
};

/// Why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The vector asks for what cannot be.
    Vector(String),
    /// The server did not say what the template needs.
    Server(String),
}

impl From<String> for Trouble {
    fn from(text: String) -> Self {
        Self::Vector(text)
    }
}

impl From<&str> for Trouble {
    fn from(text: &str) -> Self {
        Self::Vector(text.to_owned())
    }
}

impl Stage {
    /// The value of a template.
    ///
    /// # Errors
    /// If it has none here and now.
    pub fn evaluate(&self, template: &Template) -> Result<Value, Trouble> {
        match template {
            Template::Literal(value) => Ok(value.clone()),
            Template::List(items) => items
                .iter()
                .map(|item| self.evaluate(item))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Template::Object(members) => self.members(members).map(Value::Object),
            Template::Operator(operator) => self.operator(operator),
        }
    }

    /// The values of members, in their order.
    pub fn members(&self, members: &Members) -> Result<Map<String, Value>, Trouble> {
        members
            .0
            .iter()
            .map(|(name, template)| Ok((name.clone(), self.evaluate(template)?)))
            .collect()
    }

    fn operator(&self, operator: &Operator) -> Result<Value, Trouble> {
        match operator {
            Operator::Named(path) => self.named(path),
            Operator::Random(count) => Ok(bytes::value(&System.bytes(self.count(count)?))),
            Operator::Bytes(value) => Ok(bytes::value(value)),
            Operator::Zeros(count) => Ok(bytes::value(&vec![0; self.count(count)?])),
            Operator::Sha256(of) => Ok(bytes::value(&sha256(&self.bytes(of)?))),
            Operator::Flip(of) => Ok(bytes::value(&bytes::flip(self.bytes(of)?)?)),
            Operator::Cut(of) => Ok(bytes::value(&bytes::cut(self.bytes(of)?)?)),
            Operator::Grow(of) => Ok(bytes::value(&bytes::grow(self.bytes(of)?))),
            Operator::Add(left, right) => {
                Ok(bytes::add(&self.evaluate(left)?, &self.evaluate(right)?)?)
            }
            Operator::Part(of, times, divisor) => {
                let product = i128::from(self.number(of)?) * i128::from(*times);
                Ok(bytes::integer(
                    product.div_euclid(i128::from(divisor.get())),
                )?)
            }
            Operator::Now(later) => Ok(bytes::add(&now().into(), &self.evaluate(later)?)?),
            Operator::Text(repeated) => self.repeated_text(repeated),
            Operator::Joined(parts) => self.joined_text(parts),
            Operator::Misspelt(misspelt) => {
                Ok(bytes::misspelt(&self.bytes(&misspelt.of)?, misspelt.how)?.into())
            }
            Operator::List(repeated) => {
                let times = self.count(&repeated.times)?;
                (0..times)
                    .map(|_| self.evaluate(&repeated.of))
                    .collect::<Result<_, _>>()
                    .map(Value::Array)
            }
            Operator::Concat(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| self.bytes(part))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(bytes::value(&parts.concat()))
            }
            Operator::Sign(sign) => self.sign(sign),
            Operator::Hello(hello) => self.hello(hello),
            Operator::Prove(prove) => self.prove(prove),
            Operator::EpochBody(epoch) => body::epoch(self, &epoch.by, &epoch.to),
            Operator::ShareBody(share) => body::share(self, &share.by, &share.epoch, &share.to),
            Operator::MessageBody(message) => {
                let text = match &message.text {
                    Some(text) => self.text(text)?,
                    None => body::WORDS.to_owned(),
                };
                let seq = message
                    .seq
                    .as_ref()
                    .map(|seq| self.number(seq))
                    .transpose()?;
                body::message(self, &message.by, &message.epoch, &text, seq)
            }
            Operator::With(with) => self.with(with),
            Operator::Static(path) => self.known_answer(path),
            Operator::OutsiderKey(place) => {
                let place = self.count(place)?;
                let outsider =
                    crate::codec::accounts::with_role(crate::codec::Role::Outsider).nth(place);
                Ok(bytes::value(
                    outsider
                        .ok_or("there are not so many outsiders")?
                        .public_key(),
                ))
            }
        }
    }

    /// The bytes that a template's text stands for.
    pub fn bytes(&self, template: &Template) -> Result<Vec<u8>, Trouble> {
        Ok(bytes::of(&self.evaluate(template)?)?)
    }

    /// A template's number.
    pub fn number(&self, template: &Template) -> Result<u64, Trouble> {
        let value = self.evaluate(template)?;
        value
            .as_u64()
            .ok_or_else(|| Trouble::Vector(format!("a number was due, not {value}")))
    }

    /// A template's text.
    pub fn text(&self, template: &Template) -> Result<String, Trouble> {
        match self.evaluate(template)? {
            Value::String(text) => Ok(text),
            other => Err(Trouble::Vector(format!("a text was due, not {other}"))),
        }
    }

    /// A tuple of a label and a vector's fields.
    pub fn tuple(&self, label: &str, fields: &[Field]) -> Result<Tuple, Trouble> {
        let mut tuple = Tuple::new(label);
        for field in fields {
            tuple = match field {
                Field::Text(text) => tuple.text(&self.text(text)?),
                Field::Bytes(of) => tuple.bytes(&self.bytes(of)?),
                Field::Uint(number) => tuple.uint(self.number(number)?),
                Field::List(items) => tuple.list(
                    &items
                        .iter()
                        .map(|item| self.bytes(item))
                        .collect::<Result<Vec<_>, _>>()?,
                ),
            };
        }
        Ok(tuple)
    }

    fn count(&self, template: &Template) -> Result<usize, Trouble> {
        let number = self.number(template)?;
        usize::try_from(number).map_err(|_| Trouble::Vector(format!("{number} is too many")))
    }

    fn repeated_text(&self, repeated: &Repeated) -> Result<Value, Trouble> {
        Ok(self
            .text(&repeated.of)?
            .repeat(self.count(&repeated.times)?)
            .into())
    }

    fn joined_text(&self, parts: &[Template]) -> Result<Value, Trouble> {
        let mut joined = String::new();
        for part in parts {
            match self.evaluate(part)? {
                Value::String(text) => joined.push_str(&text),
                Value::Number(number) => joined.push_str(&number.to_string()),
                other => {
                    return Err(Trouble::Vector(format!(
                        "a text or a number was due, not {other}"
                    )));
                }
            }
        }
        Ok(joined.into())
    }

    fn sign(&self, sign: &Sign) -> Result<Value, Trouble> {
        let tuple = self.tuple(&sign.label, &sign.fields)?;
        let signature = self
            .role(&sign.by)?
            .sign(&tuple.encode(), sign.scheme.0, &mut System);
        Ok(bytes::value(&signature))
    }

    fn hello(&self, hello: &Hello) -> Result<Value, Trouble> {
        let mut frame = self.plain_hello(&hello.role)?;
        for (path, value) in self.members(&hello.with)? {
            bytes::set(&mut frame, &path, value)?;
        }
        Ok(frame)
    }

    /// A `hello` without `session_ms` and `have`.
    pub fn plain_hello(&self, role: &str) -> Result<Value, Trouble> {
        Ok(self.hello_with(self.role(role)?.public_key()))
    }

    /// The same, with any public key.
    pub fn hello_with(&self, public_key: &[u8]) -> Value {
        json!({
            "type": "hello",
            "version": "dispatch-d/1",
            "origin": self.server.target.origin(),
            "public_key": bytes::value(public_key),
            "client_nonce": bytes::value(&System.hash()),
        })
    }

    fn prove(&self, prove: &Prove) -> Result<Value, Trouble> {
        let hello = self.captured(&prove.hello)?;
        let challenge = self.captured(&prove.challenge)?;
        let mut frame = self.proof(
            &prove.role,
            hello,
            challenge,
            &self.members(&prove.signed)?,
            prove.scheme.0,
        )?;
        for (path, value) in self.members(&prove.with)? {
            bytes::set(&mut frame, &path, value)?;
        }
        Ok(frame)
    }

    /// A `prove` by a role for a `hello` and its `challenge`, `signed` standing in the place of the usual values.
    pub fn proof(
        &self,
        role: &str,
        hello: &Value,
        challenge: &Value,
        signed: &Map<String, Value>,
        scheme: crate::codec::Scheme,
    ) -> Result<Value, Trouble> {
        const SIGNED: [&str; 7] = [
            "origin",
            "community",
            "account",
            "client_nonce",
            "server_nonce",
            "expires_at",
            "by",
        ];
        if let Some(unknown) = signed.keys().find(|name| !SIGNED.contains(&name.as_str())) {
            return Err(Trouble::Vector(format!(
                "`{unknown}` does not stand under a join signature"
            )));
        }
        let actor = self.role(role)?;
        let signer = match signed.get("by").and_then(Value::as_str) {
            Some(by) => self.role(by)?,
            None => actor,
        };
        let hash = |name: &str, usual: &Value| bytes::hash(signed.get(name).unwrap_or(usual));
        let from_challenge = |name: &str| {
            hash(name, &challenge[name])
                .map_err(|fault| Trouble::Server(format!("the challenge's `{name}`: {fault}")))
        };
        let origin = signed.get("origin").unwrap_or(&hello["origin"]);
        let expires_at = match signed.get("expires_at") {
            Some(time) => time.as_u64().ok_or("`expires_at` is no time")?,
            None => fields::uint(challenge, "expires_at")
                .map_err(|verdict| Trouble::Server(verdict.detail))?,
        };
        let join = Join {
            origin: origin
                .as_str()
                .ok_or("the `hello` has no origin")?
                .to_owned(),
            community: from_challenge("community")?,
            account: hash("account", &bytes::value(&actor.id()))?,
            client_nonce: hash("client_nonce", &hello["client_nonce"])?,
            server_nonce: from_challenge("server_nonce")?,
            expires_at,
        };
        let signature = signer.sign(&join.tuple().encode(), scheme, &mut System);
        Ok(json!({
            "type": "prove",
            "server_nonce": challenge["server_nonce"],
            "signature": bytes::value(&signature),
        }))
    }

    fn with(&self, with: &With) -> Result<Value, Trouble> {
        let mut object = self.evaluate(&with.of)?;
        for (path, value) in self.members(&with.set)? {
            bytes::set(&mut object, &path, value)?;
        }
        for path in &with.drop {
            bytes::drop_member(&mut object, path)?;
        }
        Ok(object)
    }

    fn known_answer(&self, path: &str) -> Result<Value, Trouble> {
        let mut parts = path.split('/');
        let (file, id) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let answer = self
            .vectors
            .known_answers
            .iter()
            .find(|answer| answer.file == file && answer.id == id);
        let answer = answer.ok_or_else(|| format!("there is no static test `{path}`"))?;
        let mut value = &answer.test;
        for part in parts {
            value = entry::member(value, part)
                .ok_or_else(|| format!("the static test `{path}` has no `{part}`"))?;
        }
        Ok(value.clone())
    }

    /// The community's id.
    pub fn community(&self) -> Result<Hash, Trouble> {
        self.server.chain.community().ok_or_else(|| {
            Trouble::Server("the discovery document holds no genesis that has a hash".into())
        })
    }
}
