//! The program in C++, `tests/interop/cpp`: messages and stubs are generated from the repository's .proto
//! files and compiled with Debian's grpc++, below `target/interop/cpp`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::debian::{self, Unpacked};
use crate::made::{self, run};
use crate::{files, protos, tools};

/// What is needed to compile.
const PACKAGES: [&str; 4] = [
    "libgrpc++-dev",
    "libprotobuf-dev",
    "protobuf-compiler",
    "protobuf-compiler-grpc",
];
/// Generated stubs speak to Abseil themselves.
const LIBRARIES: [&str; 5] = [
    "-lgrpc++",
    "-lgrpc",
    "-lgpr",
    "-lprotobuf",
    "-labsl_synchronization",
];

/// A compiler with grpc++, and the program.
#[derive(Debug, Clone)]
pub struct Cpp {
    folder: PathBuf,
    debian: Unpacked,
}

impl Cpp {
    /// `None`: there is none; the test is to return. With `CI` set it fails instead.
    ///
    /// # Panics
    /// It does not compile.
    pub fn find(test: &str) -> Option<Self> {
        static COMPILED: OnceLock<Cpp> = OnceLock::new();
        let python = tools::find("python", test)?;
        let debian = made::or_skip(packages(), test)?;
        let compiled = COMPILED.get_or_init(|| {
            let folder = compile(&debian, &python).unwrap_or_else(|problem| panic!("{problem}"));
            Cpp { folder, debian }
        });
        Some(compiled.clone())
    }

    /// What starts the program.
    pub fn command(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(self.folder.join("scenario"));
        command.envs(self.debian.environment());
        command
    }
}

/// Debian's grpc++ and its compiler of .proto files.
///
/// # Errors
/// They cannot be had.
pub fn packages() -> Result<Unpacked, String> {
    debian::compiler("g++", "g++")?;
    Unpacked::new("cpp", &PACKAGES)
}

fn compile(debian: &Unpacked, python: &Path) -> Result<PathBuf, String> {
    // Takes a minute, and is seldom needed.
    let generated = made::once("interop/cpp/generated", &protos::text(), |folder| {
        generate(debian, &tools::packages(python)?, folder)?;
        // What is generated is not ours to mend.
        let flags = ["-w".into(), format!("-I{}", folder.join("src").display())];
        compile_all(
            debian,
            folder,
            &files::below(&folder.join("src"), "cc"),
            &flags,
        )
    })?;
    let program = crate::root().join("tests/interop/cpp");
    let (sources, headers) = (files::below(&program, "cc"), files::below(&program, "h"));
    let from = protos::text() + &files::text(sources.iter().chain(&headers));
    made::once("interop/cpp/program", &from, |folder| {
        let include = format!("-isystem{}", generated.join("src").display());
        let flags = ["-Wall".into(), "-Wextra".into(), "-Werror".into(), include];
        compile_all(debian, folder, &sources, &flags)?;
        let mut linker = std::process::Command::new("g++");
        linker.arg("-o").arg(folder.join("scenario"));
        for compiled in [folder, &generated] {
            linker.args(files::below(&compiled.join("objects"), "o"));
        }
        run(linker.args(LIBRARIES).envs(debian.environment())).map(drop)
    })
}

/// Messages of all that is below `proto/` and of gRPC's error details, and the stubs.
fn generate(debian: &Unpacked, packages: &Path, folder: &Path) -> Result<(), String> {
    let to = folder.join("src");
    // There is none the first time.
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).expect("target/ can be written to");
    let protoc = || {
        let mut protoc = std::process::Command::new("protoc");
        for imports in [&protos::folder(), packages] {
            protoc.arg(format!("--proto_path={}", imports.display()));
        }
        protoc.envs(debian.environment());
        protoc
    };
    let mut messages = protoc();
    messages
        .arg(format!("--cpp_out={}", to.display()))
        .args(protos::files())
        .args(["google/rpc/status.proto", "google/rpc/error_details.proto"]);
    run(&mut messages)?;
    let has_services = |path: &PathBuf| {
        let text = fs::read_to_string(path).expect("proto/ can be read");
        text.lines().any(|line| line.starts_with("service "))
    };
    let plugin = debian.path("usr/bin/grpc_cpp_plugin");
    let mut stubs = protoc();
    stubs
        .arg(format!("--plugin=protoc-gen-grpc={}", plugin.display()))
        .arg(format!("--grpc_out={}", to.display()))
        .args(protos::files().into_iter().filter(has_services));
    run(&mut stubs).map(drop)
}

/// Compiles sources to objects in the folder, as many at a time as there are processors. No optimization:
/// that takes longer than it saves.
fn compile_all(
    debian: &Unpacked,
    folder: &Path,
    sources: &[PathBuf],
    flags: &[String],
) -> Result<(), String> {
    let objects = folder.join("objects");
    // There is none the first time.
    let _ = fs::remove_dir_all(&objects);
    fs::create_dir_all(&objects).expect("target/ can be written to");
    let one = |number: usize, source: &Path| {
        let mut compiler = std::process::Command::new("g++");
        compiler
            .args(["-std=c++17", "-O0", "-c"])
            .args(flags)
            .arg(source);
        compiler.arg("-o").arg(objects.join(format!("{number}.o")));
        compiler.envs(debian.environment());
        run(&mut compiler).map(drop)
    };
    let next = AtomicUsize::new(0);
    let work = || {
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(source) = sources.get(number)
        {
            one(number, source)?;
        }
        Ok(())
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let started: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let mut ended = started.into_iter().map(|worker| worker.join());
        ended.try_for_each(|result| result.expect("it does not panic"))
    })
}
