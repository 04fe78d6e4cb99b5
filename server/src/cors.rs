//! Which pages in browsers may call: those of the origins that the operator names, by CORS.
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>
//!
//! It is no protection from other callers: who is not a browser says what it likes. Cookies are not
//! allowed for, since nothing here knows any.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::header::{HeaderMap, HeaderValue, ORIGIN};
use http::{Method, Request, Response, Uri};
use tonic::body::Body;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

use crate::Error;

/// How long a browser may remember what it was allowed: two hours, the longest that any does.
const MAX_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// An origin, as a browser names it: `https://shop.example` or `http://localhost:3000`; or `*`, all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::InvalidOrigin {
            found: text.to_owned(),
        };
        let lower = text.to_ascii_lowercase();
        if lower != "*" {
            let uri: Uri = lower.parse().map_err(|_| invalid())?;
            let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(invalid)?;
            // A browser never sends more, so that more would never match.
            if lower != format!("{scheme}://{authority}") || authority.as_str().contains(['@', '*'])
            {
                return Err(invalid());
            }
        }
        HeaderValue::try_from(lower)
            .map(Self)
            .map_err(|_| invalid())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&String::from_utf8_lossy(self.0.as_bytes()))
    }
}

/// What a server says to pages of other origins: nothing, unless some are allowed.
#[derive(Clone, Debug)]
pub(crate) struct Cors(Option<CorsLayer>);

impl Cors {
    pub(crate) fn allowing(origins: &[Origin]) -> Self {
        let allowed = match origins {
            [] => return Self(None),
            _ if origins.iter().any(Origin::is_any) => AllowOrigin::any(),
            _ => AllowOrigin::list(origins.iter().map(|origin| origin.0.clone())),
        };
        let layer = CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            // Metadata is headers, of any name; and so it is in responses.
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(Any)
            .max_age(MAX_AGE);
        Self(Some(layer))
    }

    /// Whether there is anything to say to whoever sent these headers.
    pub(crate) fn concerns(&self, headers: &HeaderMap) -> bool {
        self.0.is_some() && headers.contains_key(ORIGIN)
    }

    /// Answers a request, or, if it only asks what is allowed, says that.
    pub(crate) async fn answer<B, A>(
        &self,
        request: Request<B>,
        answer: impl Fn(Request<B>) -> A,
    ) -> Response<Body>
    where
        A: Future<Output = Response<Body>>,
    {
        let Some(layer) = &self.0 else {
            return answer(request).await;
        };
        let answering = service_fn(|request| {
            let answer = answer(request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        match layer.layer(answering).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_as_browsers_write_it() {
        for right in [
            "https://shop.example",
            "http://localhost:3000",
            "http://[::1]:80",
            "*",
        ] {
            assert_eq!(right.parse::<Origin>().unwrap().to_string(), right);
        }
        let upper: Origin = "HTTPS://Shop.Example".parse().unwrap();
        assert_eq!(upper.to_string(), "https://shop.example");
        for wrong in [
            "",
            "shop.example",
            "https://",
            "https://shop.example/",
            "https://shop.example/cart",
            "https://ada@shop.example",
            "https://*.shop.example",
            "null",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
