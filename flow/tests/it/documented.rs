//! The examples of the page on expressions hold: each is compiled against the types that the page
//! shows, and evaluated on the message that it shows.

use bytes::Bytes;
use pavane_flow::Timestamp;
use pavane_flow::language::{Compiled, Definition, compile};
use pavane_flow::program::{ExecutionInfo, Scope};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

const PAGE: &str = include_str!("../../../docs/expressions.md");

const SERVICE: &str = "
message Answer { bool ok = 1; }
service Page {
  rpc Run(Order) returns (Answer);
  rpc Other(Order) returns (Answer);
}
";

/// The indented block of the page that begins with a text.
fn block(begin: &str) -> String {
    let start = PAGE
        .find(&format!("\n    {begin}"))
        .expect("the page has it");
    let lines = PAGE[start + 1..]
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.map(|line| format!("{line}\n")).collect()
}

struct Page {
    pool: DescriptorPool,
    input: Bytes,
}

impl Page {
    fn read() -> Self {
        let proto = block("syntax = \"proto3\";") + SERVICE;
        let mut resolver = protox::file::ChainFileResolver::new();
        resolver.add(protox::file::GoogleFileResolver::new());
        resolver.add(Only(proto));
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true);
        compiler.open_file("page.proto").expect("it compiles");
        let pool = DescriptorPool::from_file_descriptor_set(compiler.file_descriptor_set())
            .expect("it is sound");
        let order = pool.get_message_by_name("shop.Order").expect("it is there");
        let json = block("{\n");
        let mut json = serde_json::Deserializer::from_str(&json);
        let input = DynamicMessage::deserialize(order, &mut json).expect("it is an order");
        let input = input.encode_to_vec().into();
        Self { pool, input }
    }

    fn compile(&self, expression: &str) -> Compiled {
        let ok = serde_json::Value::from(expression);
        let text = format!(
            "name: page\nimplements: shop.Page/Run\nsteps:\n- {{ id: other, call: shop.Page/Other }}\n\
             output: {{ ok: {ok} }}\n"
        );
        compile(&Definition::parse("page.yaml", &text), &self.pool)
    }

    /// The value of a condition, or why it has none.
    fn evaluate(&self, expression: &str) -> Result<bool, String> {
        let compiled = self.compile(expression);
        let Some(plan) = compiled.plan else {
            let said = compiled.diagnostics.iter();
            let said: Vec<_> = said
                .map(|d| format!("{}: {}", d.reason, d.message))
                .collect();
            return Err(said.join("; "));
        };
        let execution = ExecutionInfo {
            id: "e-1",
            workflow: "page",
            revision: "abc",
            create_time: Timestamp::default(),
        };
        let scope = Scope {
            input: &self.input,
            outputs: &[None],
            execution,
            element: None,
            event: None,
        };
        let output = plan
            .evaluate_output(&scope)
            .map_err(|error| format!("evaluated: {error}"))?;
        Ok(!output.is_empty())
    }
}

/// The one file `page.proto`.
struct Only(String);

impl protox::file::FileResolver for Only {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        match name {
            "page.proto" => protox::file::File::from_source(name, &self.0),
            other => Err(protox::Error::file_not_found(other)),
        }
    }
}

#[test]
fn the_examples_of_the_page_hold() {
    let page = Page::read();
    let mut count = 0;
    let mut wrong = Vec::new();
    for line in PAGE.lines().filter(|line| line.starts_with("    ")) {
        let Some((expression, value)) = line.trim().split_once("  ->  ") else {
            continue;
        };
        count += 1;
        if value == "no value" {
            // Of a constant that is known at the deploy.
            match page.evaluate(&format!("size([{expression}]) == 1")) {
                Err(said) if said.starts_with("NO_VALUE") => {}
                Err(said) if said.starts_with("evaluated") => {}
                other => wrong.push(format!("{line}\n    has a value, or is wrong: {other:?}")),
            }
        } else {
            let result = page.evaluate(&format!("({expression}) == ({value})"));
            if result != Ok(true) {
                wrong.push(format!("{line}\n    {result:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "there are examples: {count}");
}
