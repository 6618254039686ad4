//! The form of a static vector file (vectors/static/README.md).

use dispatch_conformance::codec::base64url;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A file in the making.
pub struct File {
    name: &'static str,
    about: &'static str,
    flags: BTreeMap<&'static str, Value>,
    groups: Vec<Group>,
}

impl File {
    pub fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            flags: BTreeMap::new(),
            groups: Vec::new(),
        }
    }

    /// Explains a flag: the mistake, and where it is made by default.
    pub fn flag(mut self, name: &'static str, about: &str, default_in: &[&str]) -> Self {
        let mut flag = json!({ "about": about });
        if !default_in.is_empty() {
            flag["default_in"] = default_in.into();
        }
        assert!(
            self.flags.insert(name, flag).is_none(),
            "the flag {name} stands twice"
        );
        self
    }

    pub fn group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Explains a flag, and gives it to the invalid tests that have none and whose ids begin with one of these.
    pub fn flag_rest(mut self, name: &'static str, about: &str, ids: &[&str]) -> Self {
        let tests = self.groups.iter_mut().flat_map(|g| &mut g.tests);
        for test in tests.filter(|t| !t.valid && t.flags.is_empty()) {
            if ids.iter().any(|id| test.id.starts_with(id)) {
                test.flags.push(name);
            }
        }
        self.flag(name, about, &[])
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The ids of all tests.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        self.groups.iter().flat_map(|g| &g.tests).map(|t| &t.id)
    }

    /// The members of a test.
    pub fn test(&self, id: &str) -> Option<&Map<String, Value>> {
        self.groups
            .iter()
            .flat_map(|g| &g.tests)
            .find(|t| t.id == id)
            .map(|t| &t.members)
    }

    /// The file's JSON.
    ///
    /// # Panics
    ///
    /// Where a test has a flag that the file does not explain, a flag has no test, or an invalid test no flag.
    pub fn to_json(&self) -> Value {
        for test in self.groups.iter().flat_map(|g| &g.tests) {
            assert!(
                test.valid || !test.flags.is_empty(),
                "{} has no flag",
                test.id
            );
        }
        let used: Vec<&str> = self
            .groups
            .iter()
            .flat_map(|g| &g.tests)
            .flat_map(|t| t.flags.clone())
            .collect();
        for flag in &used {
            assert!(
                self.flags.contains_key(flag),
                "{}: the flag {flag} is not explained",
                self.name
            );
        }
        for flag in self.flags.keys() {
            assert!(
                used.contains(flag),
                "{}: no test has the flag {flag}",
                self.name
            );
        }
        json!({
            "format": "dispatch-d/1 static vectors",
            "name": self.name,
            "about": self.about,
            "flags": self.explained_flags(),
            "groups": self.groups.iter().map(Group::to_json).collect::<Vec<_>>(),
        })
    }
}

impl File {
    /// The flags with what each mistake leads to, and where that stands.
    fn explained_flags(&self) -> Map<String, Value> {
        let mut effects = EFFECTS
            .get(self.name)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let mut flags = Map::new();
        for (name, flag) in &self.flags {
            let Some(Value::Object(effect)) = effects.remove(*name) else {
                panic!("{}: the flag {name} has no effect", self.name);
            };
            let mut flag = flag.clone();
            flag.as_object_mut().expect("a flag").extend(effect);
            flags.insert((*name).into(), flag);
        }
        assert!(effects.is_empty(), "{}: no flags {effects:?}", self.name);
        flags
    }
}

/// File → flag → its `effect` and `sources`.
static EFFECTS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("effects.json")).expect("the effects are JSON")
});

/// Tests that are run alike.
pub struct Group {
    name: &'static str,
    about: &'static str,
    shared: Map<String, Value>,
    tests: Vec<Test>,
}

impl Group {
    pub fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            shared: Map::new(),
            tests: Vec::new(),
        }
    }

    /// A member that all tests share.
    pub fn shared(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.shared.insert(name.into(), value.into());
        self
    }

    pub fn tests(mut self, tests: impl IntoIterator<Item = Test>) -> Self {
        self.tests.extend(tests);
        self
    }

    fn to_json(&self) -> Value {
        let mut group = self.shared.clone();
        group.insert("name".into(), self.name.into());
        group.insert("about".into(), self.about.into());
        group.insert(
            "tests".into(),
            self.tests.iter().map(Test::to_json).collect(),
        );
        Value::Object(group)
    }
}

/// One test.
pub struct Test {
    id: String,
    about: String,
    requirements: Vec<&'static str>,
    code: Option<&'static str>,
    valid: bool,
    flags: Vec<&'static str>,
    members: Map<String, Value>,
}

/// A test whose input must be accepted.
pub fn valid(
    id: impl Into<String>,
    about: impl Into<String>,
    requirements: &[&'static str],
) -> Test {
    Test {
        id: id.into(),
        about: about.into(),
        requirements: requirements.to_vec(),
        code: None,
        valid: true,
        flags: Vec::new(),
        members: Map::new(),
    }
}

/// A test whose input must be refused with this code.
pub fn invalid(
    id: impl Into<String>,
    about: impl Into<String>,
    requirements: &[&'static str],
    code: &'static str,
) -> Test {
    Test {
        code: Some(code),
        valid: false,
        ..valid(id, about, requirements)
    }
}

impl Test {
    pub fn flag(mut self, name: &'static str) -> Self {
        self.flags.push(name);
        self
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.into(), value.into());
        self
    }

    pub fn bytes(self, name: &str, bytes: &[u8]) -> Self {
        self.with(name, base64url::encode(bytes))
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether its input must be refused, and the flag is one of its own.
    pub fn is_invalid_with(&self, flag: &str) -> bool {
        !self.valid && self.flags.contains(&flag)
    }

    fn to_json(&self) -> Value {
        let mut test = self.members.clone();
        test.insert("id".into(), self.id.clone().into());
        test.insert("about".into(), self.about.clone().into());
        test.insert("requirements".into(), self.requirements.clone().into());
        test.insert(
            "result".into(),
            if self.valid { "valid" } else { "invalid" }.into(),
        );
        if let Some(code) = self.code {
            test.insert("code".into(), code.into());
        }
        test.insert("flags".into(), self.flags.clone().into());
        Value::Object(test)
    }
}
