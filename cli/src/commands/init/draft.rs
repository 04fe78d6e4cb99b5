//! The workflow that is begun, and how its definition reads.

use prost_reflect::{FieldDescriptor, MethodDescriptor};

use super::own::Fields;
use super::template::{Template, required};
use super::{choice, names};

/// What is decided of it.
pub(super) struct Draft {
    name: String,
    /// The method that it is, if that is one that there is.
    existing: Option<MethodDescriptor>,
    steps: Vec<Step>,
    /// What a method of its own takes and gives.
    input: Fields,
    output: Fields,
}

struct Step {
    id: String,
    method: MethodDescriptor,
    undo: Option<MethodDescriptor>,
}

impl Draft {
    /// Calls these methods, one after the other.
    pub(super) fn new(
        name: &str,
        existing: Option<MethodDescriptor>,
        chosen: &[MethodDescriptor],
    ) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let (mut input, mut output) = (Fields::default(), Fields::default());
        for method in chosen {
            let taken: Vec<String> = steps.iter().map(|step| step.id.clone()).collect();
            let id = names::step(method.name(), &taken);
            input.take(&id, &method.input());
            output.take(&id, &method.output());
            let all: Vec<MethodDescriptor> = method.parent_service().methods().collect();
            let streams = |method: &MethodDescriptor| {
                method.is_client_streaming() || method.is_server_streaming()
            };
            let unary: Vec<_> = all.into_iter().filter(|method| !streams(method)).collect();
            steps.push(Step {
                id,
                method: method.clone(),
                undo: choice::undo_of(method, &unary),
            });
        }
        Self {
            name: name.to_owned(),
            existing,
            steps,
            input,
            output,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Names of the services that are called.
    pub(super) fn services(&self) -> Vec<String> {
        let services = self.steps.iter().map(|step| step.method.parent_service());
        let mut services: Vec<String> =
            services.map(|found| found.full_name().to_owned()).collect();
        services.dedup();
        services
    }

    /// The method that it is.
    pub(super) fn implements(&self) -> String {
        match &self.existing {
            Some(method) => choice::name(method),
            None => format!(
                "{}.v1.{}Service/Run",
                self.package(),
                names::pascal(&self.name)
            ),
        }
    }

    fn package(&self) -> String {
        self.name.replace('-', "_")
    }

    /// The name of the file with its own method.
    pub(super) fn proto_file(&self) -> String {
        format!("{}.proto", self.package())
    }

    /// That file; `None` if it is a method that there is.
    pub(super) fn own_proto(&self) -> Option<String> {
        if self.existing.is_some() {
            return None;
        }
        let (package, name) = (self.package(), names::pascal(&self.name));
        let (input, output) = (
            self.input.message("RunRequest"),
            self.output.message("RunResponse"),
        );
        Some(format!(
            "// The method that the workflow `{workflow}` is. Nobody has to write a server for it.\n\
             syntax = \"proto3\";\n\n\
             package {package}.v1;\n\n\
             service {name}Service {{\n  rpc Run(RunRequest) returns (RunResponse);\n}}\n\n\
             {input}\n{output}",
            workflow = self.name,
        ))
    }

    /// The definition.
    pub(super) fn definition(&self) -> String {
        let mut text = format!(
            "# A first draft, which runs as it is. `input` is what the caller sends; a step's id is its\n\
             # response. Expressions are CEL; a text has quotes of its own: \"'text'\".\n\
             name: {}\nimplements: {}\n\nsteps:\n",
            self.name,
            self.implements()
        );
        let mut before: Option<&Step> = None;
        for step in &self.steps {
            text.push_str(&self.step(step, before));
            before = Some(step);
        }
        let output = self.output_template();
        text.push_str(&output.named("output", 0));
        text
    }

    fn step(&self, step: &Step, before: Option<&Step>) -> String {
        let mut text = format!(
            "  - id: {}\n    call: {}\n",
            step.id,
            choice::name(&step.method)
        );
        if let Some(before) = before {
            text.push_str(&format!("    after: [{}]\n", before.id));
        }
        let request = Template::of(&step.method.input(), &|field| self.input_for(field));
        text.push_str(&request.named("request", 4));
        text.push_str(&self.compensation(step));
        text.push('\n');
        text
    }

    /// A part that is commented out: only a person knows what undoes a call.
    fn compensation(&self, step: &Step) -> String {
        let title = "    # What undoes it if a later step fails. It cannot use the response of its own step.\n";
        let Some(undo) = &step.undo else {
            let service = step.method.parent_service();
            return format!(
                "{title}    # compensate:\n    #   call: {}/...\n",
                service.full_name()
            );
        };
        let fields = undo.input();
        let fields = fields.fields().filter_map(|field| {
            let value = self.input_for(&field);
            let value = value.or_else(|| field.is_required().then(|| required(&field)))?;
            Some(format!("{}: {value}", field.name()))
        });
        let fields: Vec<String> = fields.collect();
        format!(
            "{title}    # compensate:\n    #   call: {}\n    #   request: {{ {} }}\n",
            choice::name(undo),
            fields.join(", ")
        )
    }

    /// The expression of the input that has a field's value.
    fn input_for(&self, field: &FieldDescriptor) -> Option<String> {
        match &self.existing {
            None => self.input.of(field).map(|name| format!("input.{name}")),
            Some(method) => {
                let found = method.input().get_field_by_name(field.name())?;
                same(&found, field).then(|| format!("input.{}", field.name()))
            }
        }
    }

    fn output_template(&self) -> Template {
        match &self.existing {
            Some(method) => Template::of(&method.output(), &|field| self.response_for(field)),
            None => {
                let mut template = Template::default();
                for (name, field) in self.output.iter() {
                    let step = self
                        .steps
                        .iter()
                        .find(|step| step.method.output() == *field.parent_message());
                    let step = step.expect("output is taken from the responses of steps");
                    template.push(name, &format!("{}.{}", step.id, field.name()), field);
                }
                template
            }
        }
    }

    /// The expression of a response or of the input that has a field's value.
    fn response_for(&self, field: &FieldDescriptor) -> Option<String> {
        let of_step = self.steps.iter().find_map(|step| {
            let found = step.method.output().get_field_by_name(field.name())?;
            same(&found, field).then(|| format!("{}.{}", step.id, field.name()))
        });
        of_step.or_else(|| self.input_for(field))
    }

    /// Fields of the input with nothing in them, as JSON.
    pub(super) fn sample_input(&self) -> serde_json::Value {
        match &self.existing {
            Some(method) => super::template::sample(&method.input()),
            None => {
                let fields = self.input.iter();
                let fields = fields
                    .map(|(name, field)| (name.to_owned(), super::template::sample_value(field)));
                serde_json::Value::Object(fields.collect())
            }
        }
    }
}

/// Whether one field can be copied to the other.
fn same(one: &FieldDescriptor, other: &FieldDescriptor) -> bool {
    let is_choice = |field: &FieldDescriptor| {
        field
            .containing_oneof()
            .is_some_and(|oneof| !oneof.is_synthetic())
    };
    one.kind() == other.kind()
        && one.is_list() == other.is_list()
        && one.is_map() == other.is_map()
        && !is_choice(other)
        && !names::is_reserved(one.name())
}
