//! Ports that servers can come back to after they were killed.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what Linux gives to outgoing connections (from 32768): one of those could take the port
/// of a server that is down, or a client that knocks there could be connected to itself.
const FIRST: u16 = 10_000;
const COUNT: u16 = 20_000;

/// The first of `count` ports in a row that nobody listens on. Not given out again by this
/// process; another that asks at the same moment most probably begins elsewhere.
pub fn free(count: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let offset = u16::try_from(std::process::id() % 500).expect("less than 500") * 40;
    for _ in 0..COUNT / count {
        let next = NEXT.fetch_add(count, Ordering::Relaxed);
        let base = FIRST + (offset + next) % (COUNT - count);
        if (base..base + count).all(is_free) {
            return base;
        }
    }
    panic!("found no {count} free ports in a row from {FIRST} on");
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
