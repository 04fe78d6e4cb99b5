//! The breaker with a clock that is a number of milliseconds.

use super::*;

/// A breaker and its time.
struct World {
    breaker: Breaker,
    begin: Instant,
    millis: u64,
}

impl World {
    /// It opens after 3 failures, for 100 ms at first and 400 ms at most; 4 calls close it.
    fn new() -> Self {
        let options = BreakerOptions {
            failures: 3,
            pause: Duration::from_millis(100),
            max_pause: Duration::from_millis(400),
        };
        Self {
            breaker: Breaker::new(options, 4),
            begin: Instant::now(),
            millis: 0,
        }
    }

    fn now(&self) -> Instant {
        self.begin + Duration::from_millis(self.millis)
    }

    fn wait(&mut self, millis: u64) {
        self.millis += millis;
    }

    /// A call that may go, or after how many milliseconds it is to come again.
    fn admit(&mut self) -> Result<Admitted, u128> {
        let now = self.now();
        let admitted = self.breaker.admit(now);
        admitted.map_err(|again| again.duration_since(now).as_millis())
    }

    fn tell(&mut self, admitted: Admitted, sign: Sign) {
        let now = self.now();
        self.breaker.tell(now, admitted, sign);
    }

    /// A call from its beginning to its end.
    fn call(&mut self, sign: Sign) {
        let admitted = self.admit().expect("it may go");
        self.tell(admitted, sign);
    }

    /// Refuses a call, and says for how long.
    fn refused(&mut self) -> u128 {
        self.admit().expect_err("nothing may go")
    }

    fn opened() -> Self {
        let mut world = Self::new();
        for _ in 0..3 {
            world.call(Sign::Failure);
        }
        world
    }
}

#[test]
fn failures_in_a_row_open_it_and_others_do_not() {
    let mut world = World::new();
    for _ in 0..10 {
        world.call(Sign::Failure);
        world.call(Sign::Failure);
        world.call(Sign::None);
        world.call(Sign::Life);
    }
    for _ in 0..3 {
        world.call(Sign::Failure);
    }
    assert_eq!(world.refused(), 100);
    world.wait(30);
    assert_eq!(world.refused(), 70);
}

#[test]
fn calls_that_fail_together_count_as_one_failure() {
    let mut world = World::new();
    for _ in 0..2 {
        let together: Vec<_> = (0..100).map(|_| world.admit().expect("may go")).collect();
        for admitted in together {
            world.tell(admitted, Sign::Failure);
        }
    }
    assert_eq!(world.breaker.state(), State::Closed { failures: 2 });
    world.call(Sign::Failure);
    world.refused();
}

#[test]
fn after_the_pause_one_call_tries_and_those_that_go_well_make_room() {
    let mut world = World::opened();
    world.wait(100);
    let probe = world.admit().expect("one tries");
    assert_eq!(world.refused(), 100, "and nobody else");
    world.tell(probe, Sign::Life);
    let two = [world.admit(), world.admit()].map(|one| one.expect("two may go"));
    world.refused();
    for admitted in two {
        world.tell(admitted, Sign::Life);
    }
    let four: Vec<_> = (0..4)
        .map(|_| world.admit().expect("four may go"))
        .collect();
    world.refused();
    world.tell(four[0], Sign::Life);
    assert_eq!(world.breaker.state(), State::Closed { failures: 0 });
    for _ in 0..100 {
        world.admit().expect("all may go");
    }
}

#[test]
fn a_probe_that_fails_opens_it_for_twice_as_long_up_to_the_most() {
    let mut world = World::opened();
    for pause in [100, 200, 400, 400] {
        assert_eq!(world.refused(), pause);
        world.wait(u64::try_from(pause).expect("short"));
        world.call(Sign::Failure);
    }
}

#[test]
fn what_was_under_way_when_it_opened_says_nothing_of_those_who_try() {
    let mut world = World::new();
    let before = world.admit().expect("may go");
    for _ in 0..3 {
        world.call(Sign::Failure);
    }
    world.wait(100);
    let probe = world.admit().expect("one tries");
    world.tell(before, Sign::Failure);
    world.tell(before, Sign::Life);
    world.refused();
    world.tell(probe, Sign::Life);
    world.admit().expect("two may go");
}

#[test]
fn a_probe_without_an_answer_does_not_keep_others_from_trying() {
    let mut world = World::opened();
    world.wait(100);
    let slow = world.admit().expect("one tries");
    world.refused();
    world.wait(100);
    let second = world.admit().expect("another one, a pause later");
    world.refused();
    world.tell(slow, Sign::None);
    world.tell(second, Sign::None);
    world.admit().expect("there is room for one");
    world.refused();
}

#[test]
fn a_breaker_that_is_off_never_opens() {
    let options = BreakerOptions {
        failures: 0,
        ..BreakerOptions::default()
    };
    let mut breaker = Breaker::new(options, 4);
    let now = Instant::now();
    for _ in 0..1_000 {
        let admitted = breaker.admit(now).expect("may go");
        breaker.tell(now, admitted, Sign::Failure);
    }
}
