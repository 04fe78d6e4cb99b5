//! What goes wrong besides calls: processes die or are ended, ways are cut, connections break.

use super::queue::Happening;
use super::{Problem, World};

impl World<'_> {
    /// Something goes wrong again after a while, as long as things may.
    pub(super) fn plan_trouble(&mut self) {
        let after = self.random.millis(5, 600);
        if self.now + after < self.scenario.faulty {
            self.plan(after, Happening::Trouble);
        }
    }

    pub(super) fn trouble(&mut self) -> Result<(), Problem> {
        self.plan_trouble();
        let one = self.random.below(self.nodes.len());
        let other = self.random.below(self.nodes.len());
        match self.random.below(3) {
            0 if self.random.chance(40) => return self.stop(one),
            0 => return self.crash(one),
            1 => {
                let after = self.random.millis(10, 2_000);
                let until = (self.now + after).min(self.scenario.faulty);
                for (reader, peer) in [(one, other), (other, one)] {
                    self.links.get_mut(reader, peer).cut_until = until;
                }
                let name = self.nodes[other].name.clone();
                self.say(one, || format!("is cut off from {name} until {until:?}"));
            }
            _ => {
                if self.links.get(one, other).filter.is_some() {
                    let name = self.nodes[other].name.clone();
                    self.say(one, || format!("loses its connection to {name}"));
                    self.break_link(one, other);
                }
            }
        }
        Ok(())
    }
}
