//! The program in Java, `tests/interop/java`: messages and stubs are generated from the repository's
//! .proto files and compiled with Debian's grpc-java, below `target/interop/java`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::debian::{self, Unpacked};
use crate::made::{self, run};
use crate::{files, protos, tools};

/// What is needed to compile and to run. Debian's grpc-java names little of what it needs.
const PACKAGES: [&str; 13] = [
    "libanimal-sniffer-java",
    "liberror-prone-java",
    "libgeronimo-annotation-1.3-spec-java",
    "libgoogle-gson-java",
    "libgrpc-java",
    "libguava-java",
    "libjsr305-java",
    "libnetty-java",
    "libperfmark-java",
    "libprotobuf-dev",
    "libprotobuf-java",
    "protobuf-compiler",
    "protobuf-compiler-grpc-java-plugin",
];

/// The archives that programs are compiled and run with.
const ARCHIVES: [&str; 24] = [
    "error_prone_annotations",
    "geronimo-annotation-1.3-spec",
    "grpc-api",
    "grpc-context",
    "grpc-core",
    "grpc-netty",
    "grpc-protobuf",
    "grpc-protobuf-lite",
    "grpc-stub",
    "gson",
    "guava",
    "jsr305",
    "netty-buffer",
    "netty-codec",
    "netty-codec-http",
    "netty-codec-http2",
    "netty-common",
    "netty-handler",
    "netty-resolver",
    "netty-transport",
    "netty-transport-native-unix-common",
    "perfmark-api",
    "protobuf",
    "protobuf-util",
];

/// Java with grpc-java, and the program.
#[derive(Debug, Clone)]
pub struct Java {
    class_path: String,
}

impl Java {
    /// `None`: there is none; the test is to return. With `CI` set it fails instead.
    ///
    /// # Panics
    /// It does not compile.
    pub fn find(test: &str) -> Option<Self> {
        static COMPILED: OnceLock<Java> = OnceLock::new();
        let python = tools::find("python", test)?;
        let debian = made::or_skip(packages(), test)?;
        let compiled = COMPILED.get_or_init(|| {
            let compiled = compile(&debian, &python);
            let class_path = compiled.unwrap_or_else(|problem| panic!("{problem}"));
            Java { class_path }
        });
        Some(compiled.clone())
    }

    /// What starts the program.
    pub fn command(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("java");
        command.args(["-cp", &self.class_path, "Scenario"]);
        command
    }
}

/// Debian's grpc-java and its compiler of .proto files.
///
/// # Errors
/// They cannot be had.
pub fn packages() -> Result<Unpacked, String> {
    debian::compiler("javac", "default-jdk-headless")?;
    Unpacked::new("java", &PACKAGES)
}

/// All archives, with colons between them.
pub fn archives(debian: &Unpacked) -> String {
    let path = |name| debian.path(&format!("usr/share/java/{name}.jar"));
    let paths = ARCHIVES.map(|name| path(name).display().to_string());
    paths.join(":")
}

/// The class path of the program.
fn compile(debian: &Unpacked, python: &Path) -> Result<String, String> {
    let archives = archives(debian);
    // Takes a while, and is seldom needed.
    let generated = made::once("interop/java/generated", &protos::text(), |folder| {
        let sources = generate(debian, &tools::packages(python)?, folder)?;
        // What is generated is not ours to mend.
        javac(folder, &sources, &archives, "-Xlint:none")
    })?;
    let sources = files::below(&crate::root().join("tests/interop/java"), "java");
    let class_path = format!("{}:{archives}", generated.join("classes").display());
    let from = protos::text() + &files::text(&sources);
    let folder = made::once("interop/java/program", &from, |folder| {
        javac(folder, &sources, &class_path, "-Xlint:all,-processing")
    })?;
    Ok(format!("{}:{class_path}", folder.join("classes").display()))
}

/// Messages and stubs of all that is below `proto/`, and gRPC's error details.
fn generate(debian: &Unpacked, packages: &Path, folder: &Path) -> Result<Vec<PathBuf>, String> {
    let to = folder.join("src");
    // There is none the first time.
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).expect("target/ can be written to");
    let plugin = debian.path("usr/bin/grpc_java_plugin");
    let mut protoc = std::process::Command::new("protoc");
    for imports in [&protos::folder(), packages] {
        protoc.arg(format!("--proto_path={}", imports.display()));
    }
    protoc
        .arg(format!("--plugin=protoc-gen-grpc={}", plugin.display()))
        .arg(format!("--java_out={}", to.display()))
        .arg(format!("--grpc_out={}", to.display()))
        .args(protos::files())
        .args(["google/rpc/status.proto", "google/rpc/error_details.proto"])
        .envs(debian.environment());
    run(&mut protoc)?;
    Ok(files::below(&to, "java"))
}

/// Compiles sources to `classes` in the folder. Warnings are errors.
fn javac(folder: &Path, sources: &[PathBuf], class_path: &str, lint: &str) -> Result<(), String> {
    let classes = folder.join("classes");
    // There is none the first time.
    let _ = fs::remove_dir_all(&classes);
    let mut javac = std::process::Command::new("javac");
    javac
        .args(["-encoding", "UTF-8", "-proc:none", "-Werror", lint])
        .args(["-cp", class_path, "-d"])
        .arg(classes)
        .args(sources);
    run(&mut javac).map(drop)
}
