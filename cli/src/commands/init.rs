//! `pavane init`: begins a workflow over services that there are: a definition that is sound and runs as
//! it is, a configuration, and the commands that come next. Overwrites nothing.

use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::MethodDescriptor;
use serde_json::json;

use super::Context;
use crate::connection::Connection;
use crate::descriptors;
use crate::error::Error;
use draft::Draft;

mod choice;
mod draft;
mod guide;
mod names;
mod own;
mod template;
#[cfg(test)]
mod tests;

const EXAMPLES: &str = "\
Examples:
  pavane init refunds --proto ./proto            services from .proto files
  pavane init refunds --reflect localhost:9000   services by reflection
  pavane init refunds --proto ./proto --implements acme.v1.OrderService/Refund

It writes a folder with the workflow, pavane.toml, and a README with the commands that come next. Without
--implements the workflow gets a method of its own, in a .proto file that is written as well.";

/// Begin a workflow over your services
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the workflow: lower-case letters, digits and `-`
    name: String,
    /// Folder of .proto files, or one of them; may be given several times
    #[arg(long, value_name = "PATH", required_unless_present = "reflect")]
    proto: Vec<PathBuf>,
    /// Folder that imports are relative to, besides those of --proto; may be given several times
    #[arg(long, value_name = "DIR", requires = "proto")]
    import: Vec<PathBuf>,
    /// Server to ask for its services, by reflection; may be given several times
    #[arg(long, value_name = "ADDRESS")]
    reflect: Vec<String>,
    /// The unary method that the workflow is to be, such as acme.v1.OrderService/Refund [default: one of
    /// its own]
    #[arg(long, value_name = "METHOD")]
    implements: Option<String>,
    /// Folder to write to; made if there is none [default: NAME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// What is known of the services.
struct Known {
    set: descriptors::Set,
    /// Names of services, and where they answered.
    addresses: Vec<(String, String)>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<(), Error> {
    names::check_workflow(&args.name)?;
    let known = look(&args).await?;
    let methods = choice::methods(known.set.pool());
    let mut services: Vec<String> = methods.iter().map(service_of).collect();
    services.dedup();
    let implements = args.implements.as_deref();
    let implements = implements.map(|name| find(&methods, name)).transpose()?;
    let chosen = choice::steps(&methods, implements.as_ref());
    if chosen.is_empty() {
        let message = "found no unary method that a workflow could call";
        return Err(Error::usage(message).with_hint("name other files or servers"));
    }
    let folder = args.dir.clone();
    let folder = folder.unwrap_or_else(|| PathBuf::from(&args.name));
    let draft = Draft::new(&args.name, implements, &chosen);
    let types = guide::Types {
        proto: guide::from_folder(&folder, &args.proto)?,
        import: guide::from_folder(&folder, &args.import)?,
        reflect: &args.reflect,
    };
    let mut files = vec![(format!("{}.yaml", args.name), draft.definition())];
    files.extend(draft.own_proto().map(|text| (draft.proto_file(), text)));
    let configuration = guide::configuration(&draft, &known.addresses);
    files.push(("pavane.toml".to_owned(), configuration));
    files.push(("README.md".to_owned(), guide::readme(&draft, &types)));
    let written = write(&folder, &files)?;

    context.output.show(
        |paint| {
            format!(
                "found {}, {}\n{} {}\nnext: the commands in {}\n",
                counted(services.len(), "service"),
                counted(methods.len(), "unary method"),
                paint.good("wrote"),
                written.join(", "),
                folder.join("README.md").display(),
            )
        },
        || {
            json!({
                "services": services,
                "methods": methods.len(),
                "implements": draft.implements(),
                "calls": chosen.iter().map(choice::name).collect::<Vec<_>>(),
                "files": written,
            })
        },
    )
}

/// Reads the files and asks the servers.
async fn look(args: &Args) -> Result<Known, Error> {
    let mut parts = Vec::new();
    let mut addresses = Vec::new();
    if !args.proto.is_empty() {
        let set = descriptors::compile(&args.proto, &args.import)?;
        parts.push(("the files that were given".to_owned(), set));
    }
    for server in &args.reflect {
        let connection = Connection::open(server).await?;
        for service in descriptors::reflection::services(&connection).await? {
            addresses.push((service, connection.address().to_owned()));
        }
        let set = descriptors::reflection::everything(&connection).await?;
        parts.push((connection.address().to_owned(), set));
    }
    let set = descriptors::Set::union(parts)?;
    Ok(Known { set, addresses })
}

fn find(methods: &[MethodDescriptor], name: &str) -> Result<MethodDescriptor, Error> {
    let found = methods.iter().find(|method| choice::name(method) == name);
    found.cloned().ok_or_else(|| {
        let message = format!("found no unary method `{name}`");
        let names: Vec<String> = methods.iter().take(10).map(choice::name).collect();
        Error::usage(message).with_hint(format!("there are {}", names.join(", ")))
    })
}

fn service_of(method: &MethodDescriptor) -> String {
    method.parent_service().full_name().to_owned()
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Writes all files, or none if one of them exists. Gives their paths.
fn write(folder: &Path, files: &[(String, String)]) -> Result<Vec<String>, Error> {
    let paths = || files.iter().map(|(name, _)| folder.join(name));
    let existing = paths().filter(|path| path.symlink_metadata().is_ok());
    let existing: Vec<String> = existing.map(|path| path.display().to_string()).collect();
    if !existing.is_empty() {
        let message = format!("nothing was written, for there is {}", existing.join(", "));
        return Err(Error::usage(message).with_hint("choose another folder with --dir"));
    }
    let wrong = |path: &Path, error: std::io::Error| {
        Error::usage(format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| wrong(folder, error))?;
    for (path, (_, text)) in paths().zip(files) {
        fs::write(&path, text).map_err(|error| wrong(&path, error))?;
    }
    Ok(paths().map(|path| path.display().to_string()).collect())
}
