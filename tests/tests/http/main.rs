//! What servers speak beside gRPC, by what others make for it: `curl` follows feeds, and schemathesis
//! holds servers against the document that they publish. What their page shows is run.

mod document;
mod events;
mod follower;
mod page;
