//! Faults on request: the next calls of a method fail, are slow, or both. For tests and demos; a
//! server that was not started with faults allowed must neither serve nor apply them.

mod layer;
mod service;

pub use layer::{FaultLayer, FaultLayered};

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pavane::error::status;
use pavane::testing::v1::fault_service_server::{FaultService, FaultServiceServer};
use pavane::testing::v1::{AddFaultRequest, FaultMoment};
use tonic::{Code, Status};

use crate::{Error, Ledger};

/// Most faults that wait for calls, all methods together.
const MAX_WAITING: usize = 1024;

/// The faults that wait for calls. A cheap clone.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Full names of the methods that can fail.
    methods: BTreeSet<String>,
    /// By method, in the order in which they were added.
    waiting: HashMap<String, VecDeque<Fault>>,
}

/// What happens to the next `count` calls of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    count: u32,
    strike: Strike,
}

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Strike {
    /// Fail with this; `None`: only delay.
    failure: Option<(Code, String)>,
    delay: Duration,
    /// After the handler, so that its effect has happened.
    after: bool,
}

impl Faults {
    /// Says that the methods with these full names (`package.Service/Method`) can fail.
    pub fn cover(&self, methods: impl IntoIterator<Item = String>) {
        self.inner.lock().methods.extend(methods);
    }

    /// The layer that makes the faults happen.
    pub fn layer(&self) -> FaultLayer {
        FaultLayer {
            faults: self.clone(),
        }
    }

    /// The service by which faults are added, and the ledger's calls are listed.
    pub fn service(&self, ledger: Ledger) -> FaultServiceServer<impl FaultService + use<>> {
        FaultServiceServer::new(service::FaultApi {
            faults: self.clone(),
            ledger,
        })
    }

    /// Adds a fault behind those of its method that wait already.
    ///
    /// # Errors
    /// The variants of [`Error`] that speak of faults.
    pub fn add(&self, request: AddFaultRequest) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        if !inner.methods.contains(&request.method) {
            let names = inner.methods.iter().map(String::as_str);
            let nearest = pavane::nearest(&request.method, names).map(str::to_owned);
            return Err(Error::UnknownFaultMethod {
                found: request.method,
                nearest,
            });
        }
        let strike = strike(&request)?;
        if inner.waiting.values().map(VecDeque::len).sum::<usize>() >= MAX_WAITING {
            return Err(Error::TooManyFaults { limit: MAX_WAITING });
        }
        let fault = Fault {
            count: request.count,
            strike,
        };
        inner
            .waiting
            .entry(request.method)
            .or_default()
            .push_back(fault);
        Ok(())
    }

    /// Forgets all faults that are left.
    pub fn clear(&self) {
        self.inner.lock().waiting.clear();
    }

    /// Uses up one call's worth of the method's first fault.
    fn next(&self, method: &str) -> Option<Strike> {
        let mut inner = self.inner.lock();
        let faults = inner.waiting.get_mut(method)?;
        let fault = faults.front_mut()?;
        fault.count = fault.count.saturating_sub(1);
        let strike = fault.strike.clone();
        if fault.count == 0 {
            faults.pop_front();
        }
        Some(strike)
    }
}

impl Strike {
    fn status(&self) -> Option<Status> {
        let (code, message) = self.failure.as_ref()?;
        Some(status(*code, "FAULT_INJECTED", message.as_str()))
    }
}

fn strike(request: &AddFaultRequest) -> Result<Strike, Error> {
    let delay = request.delay.and_then(|it| Duration::try_from(it).ok());
    let delay = delay.unwrap_or_default();
    let failure = match request.code {
        0 if delay.is_zero() => return Err(Error::FaultWithoutEffect),
        0 => None,
        code => {
            let message = match request.message.as_str() {
                "" => "injected fault",
                message => message,
            };
            Some((Code::from(code.cast_signed()), message.to_owned()))
        }
    };
    let after = match request.moment() {
        FaultMoment::Unspecified | FaultMoment::Before => false,
        FaultMoment::After => true,
    };
    Ok(Strike {
        failure,
        delay,
        after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: &str = "shop.payment.v1.PaymentService/ChargeCard";

    fn fault(count: u32, code: u32) -> AddFaultRequest {
        AddFaultRequest {
            method: METHOD.to_owned(),
            count,
            code,
            ..Default::default()
        }
    }

    fn faults() -> Faults {
        let faults = Faults::default();
        faults.cover([METHOD.to_owned()]);
        faults
    }

    fn check_refused(request: AddFaultRequest, message: &str) {
        let faults = faults();
        assert_eq!(faults.add(request).unwrap_err().to_string(), message);
    }

    #[test]
    fn faults_of_a_method_are_used_up_in_order() {
        let faults = faults();
        faults.add(fault(2, 14)).unwrap();
        faults.add(fault(1, 4)).unwrap();
        let mut codes = Vec::new();
        while let Some(strike) = faults.next(METHOD) {
            codes.push(strike.status().unwrap().code());
        }
        assert_eq!(
            codes,
            [Code::Unavailable, Code::Unavailable, Code::DeadlineExceeded]
        );
    }

    #[test]
    fn a_fault_that_makes_no_sense_is_refused() {
        let method = "shop.payment.v1.PaymentService/ChargeCrad".to_owned();
        check_refused(
            AddFaultRequest {
                method,
                ..fault(1, 14)
            },
            "no method `shop.payment.v1.PaymentService/ChargeCrad` is served here; \
             did you mean `shop.payment.v1.PaymentService/ChargeCard`?",
        );
        check_refused(
            fault(1, 0),
            "a fault needs a code, a delay or both, found neither",
        );
    }

    #[test]
    fn waiting_faults_are_bounded() {
        let faults = faults();
        for _ in 0..MAX_WAITING {
            faults.add(fault(1, 14)).unwrap();
        }
        let error = faults.add(fault(1, 14)).unwrap_err();
        assert!(matches!(error, Error::TooManyFaults { limit: MAX_WAITING }));
        faults.clear();
        assert_eq!(faults.next(METHOD), None);
    }
}
