//! The contract of Pavane: generated messages and stubs, the descriptors behind them, and the
//! names that go over the wire. Everything else depends on this crate; it depends on nothing of
//! ours, does no I/O and holds no logic but the making of errors, the reading of names and the rules
//! that messages keep.

pub mod attributes;
pub mod cloudevents;
mod codec;
pub mod error;
pub mod metadata;
mod names;
pub mod trace;
pub mod validation;
mod view;
pub mod wire;

pub use codec::{CheckedCodec, small_buffers};
pub use names::nearest;
pub use view::{EventView, Malformed};

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

/// The encoded `google.protobuf.FileDescriptorSet` of every file below `proto/`, imports and
/// comments included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The descriptors of every file below `proto/`, decoded once.
pub fn descriptor_pool() -> &'static DescriptorPool {
    static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
        DescriptorPool::decode(FILE_DESCRIPTOR_SET)
            .expect("the build script wrote a descriptor set that it had resolved")
    });
    &POOL
}

/// `pavane.feed`: events, and the feeds that hold them.
pub mod feed {
    /// Version 1.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("pavane.feed.v1");
    }
}

/// `pavane.workflow`: definitions, executions, and the events that make up an execution.
pub mod workflow {
    /// Version 1.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("pavane.workflow.v1");
    }
}

/// `pavane.testing`: faults on request.
pub mod testing {
    /// Version 1.
    #[allow(missing_docs, unreachable_pub, clippy::all)]
    pub mod v1 {
        tonic::include_proto!("pavane.testing.v1");
    }
}

/// The sample domain.
pub mod shop {
    /// `shop.common`: what the services share.
    pub mod common {
        /// Version 1.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("shop.common.v1");
        }
    }
    /// `shop.order`: the method that the sample workflow implements.
    pub mod order {
        /// Version 1.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("shop.order.v1");
        }
    }
    /// `shop.inventory`: stock.
    pub mod inventory {
        /// Version 1.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("shop.inventory.v1");
        }
    }
    /// `shop.payment`: card payments.
    pub mod payment {
        /// Version 1.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("shop.payment.v1");
        }
    }
    /// `shop.shipping`: shipments.
    pub mod shipping {
        /// Version 1.
        #[allow(missing_docs, unreachable_pub, clippy::all)]
        pub mod v1 {
            tonic::include_proto!("shop.shipping.v1");
        }
    }
}
