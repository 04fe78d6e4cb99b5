//! The types of all targets: the contract, the sample shop, and a message with a field of every kind.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

use crate::corpus::root;

/// Contract, shop, and the types of the tests of the language.
pub(super) fn pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        let folder = root().join("flow/tests/it");
        let files = protox::compile(["everything.proto"], [folder]).expect("it compiles");
        let mut pool = pavane::descriptor_pool().clone();
        pool.add_file_descriptor_set(files)
            .expect("its names are its own");
        pool
    });
    &POOL
}
