//! What each language begins with.

use super::Lang;

/// The adapter of one language and what is said about it.
pub(super) struct Template {
    /// The command that runs it.
    pub(super) command: &'static str,
    /// What has to be done before.
    pub(super) build: &'static [&'static str],
    /// A sentence for its README on what it needs.
    requires: &'static str,
    /// How GitHub Actions gets the toolchain: action, and its input and value.
    toolchain: Option<(&'static str, &'static str, &'static str)>,
    /// Its own files; the adapter first.
    own: &'static [(&'static str, &'static str)],
}

const PYTHON: Template = Template {
    command: "python3 adapter.py",
    build: &[],
    requires: "Python 3.9 or newer is all it needs.",
    toolchain: Some(("actions/setup-python@v5", "python-version", "3.12")),
    own: &[("adapter.py", include_str!("python/adapter.py"))],
};

const NODE: Template = Template {
    command: "node adapter.mjs",
    build: &[],
    requires: "Node 18 or newer is all it needs.",
    toolchain: Some(("actions/setup-node@v4", "node-version", "22")),
    own: &[("adapter.mjs", include_str!("node/adapter.mjs"))],
};

const GO: Template = Template {
    command: "./my-adapter",
    build: &["go build"],
    requires: "Go 1.21 or newer is all it needs.",
    toolchain: Some(("actions/setup-go@v5", "go-version", "stable")),
    own: &[
        ("main.go", include_str!("go/main.go")),
        ("go.mod", include_str!("go/go.mod")),
    ],
};

const RUST: Template = Template {
    command: "target/debug/my-adapter",
    build: &["cargo build"],
    requires: "It takes in one crate, `serde_json`. The crate `aios-wechat` has more for Rust: the types of every document, and a \
               trait `Adapter` that keeps the protocol.",
    toolchain: None,
    own: &[
        ("src/main.rs", include_str!("rust/main.rs")),
        ("Cargo.toml", include_str!("rust/manifest.toml")),
    ],
};

impl Template {
    pub(super) const fn of(lang: Lang) -> Self {
        match lang {
            Lang::Python => PYTHON,
            Lang::Node => NODE,
            Lang::Go => GO,
            Lang::Rust => RUST,
        }
    }

    /// Every file, by its path in the folder.
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files: Vec<_> = self
            .own
            .iter()
            .map(|(path, text)| (*path, (*text).to_owned()))
            .collect();
        files.push(("channel.json", include_str!("channel.json").to_owned()));
        files.push(("README.md", self.readme()));
        files.push((".github/workflows/conformance.yml", self.workflow()));
        files
    }

    fn readme(&self) -> String {
        let build = self.build_lines("", "\n");
        include_str!("README.md")
            .replace("{file}", self.own[0].0)
            .replace("{requires}", &format!(" {}", self.requires))
            .replace("{build}", &build)
            .replace("{command}", self.command)
    }

    fn build_lines(&self, before: &str, behind: &str) -> String {
        let lines = self.build.iter().flat_map(|line| [before, line, behind]);
        lines.collect()
    }

    fn workflow(&self) -> String {
        let toolchain = self
            .toolchain
            .map_or_else(String::new, |(action, input, value)| {
                format!("      - uses: {action}\n        with:\n          {input}: \"{value}\"\n")
            });
        let build = self.build_lines("      - run: ", "\n");
        include_str!("conformance.yml")
            .replace("{toolchain}", &toolchain)
            .replace("{build}", &build)
            .replace("{command}", self.command)
    }
}
