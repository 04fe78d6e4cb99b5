//! Why a connection that was to be secure is none: which certificate, and what is wrong with it.

use std::io;

use tokio_rustls::rustls::{AlertDescription, CertificateError, Error, pki_types::UnixTime};

use crate::target::Tls;

/// Said of a server that does not speak HTTP/2 over TLS.
pub(crate) const NO_HTTP2: &str = "it does not offer HTTP/2 (ALPN h2), which gRPC needs";

/// In words, for the operator of the side that connects. `name` is what the service's certificate is
/// to be for.
pub(crate) fn explain(error: &io::Error, name: &str, tls: &Tls) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(cause) => explain_cause(cause, name, tls),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            "it closed the connection while TLS was set up".to_owned()
        }
        None => error.to_string(),
    }
}

/// The same of what TLS says itself.
pub(crate) fn explain_cause(cause: &Error, name: &str, tls: &Tls) -> String {
    match cause {
        Error::InvalidCertificate(problem) => of_service(problem, name, tls),
        Error::AlertReceived(alert) => of_alert(*alert, tls),
        Error::InvalidMessage(_) => {
            "it does not speak TLS; if it is not meant to, call it by http://".to_owned()
        }
        Error::NoApplicationProtocol => NO_HTTP2.to_owned(),
        other => format!("TLS: {other}"),
    }
}

/// What is wrong with the certificate of the service.
fn of_service(problem: &CertificateError, name: &str, tls: &Tls) -> String {
    match problem {
        CertificateError::Expired => format!("the certificate of `{name}` has expired"),
        CertificateError::ExpiredContext { time, not_after } => {
            let ago = show(*time, *not_after);
            format!("the certificate of `{name}` has expired, {ago} ago")
        }
        CertificateError::NotValidYet => format!("the certificate of `{name}` is not valid yet"),
        CertificateError::NotValidYetContext { time, not_before } => {
            let ahead = show(*not_before, *time);
            format!("the certificate of `{name}` is not valid yet, only in {ahead}")
        }
        CertificateError::UnknownIssuer => {
            let trusted = match &tls.ca {
                Some(path) => format!("those in {}", path.display()),
                None => "those of the system; name another one with `ca`".to_owned(),
            };
            format!("the certificate of `{name}` comes from an unknown CA: trusted are {trusted}")
        }
        CertificateError::NotValidForName => {
            format!("the certificate is not for `{name}`")
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let presented = match presented.as_slice() {
                [] => "no name at all".to_owned(),
                names => names.join(", "),
            };
            format!(
                "the certificate is not for `{name}`, but for {presented}; \
                 name what it is for with `domain`"
            )
        }
        other => format!("the certificate of `{name}` is not accepted: {other}"),
    }
}

/// What the service has against the client.
fn of_alert(alert: AlertDescription, tls: &Tls) -> String {
    let is_named = tls.identity.is_some();
    match alert {
        AlertDescription::NoApplicationProtocol => NO_HTTP2.to_owned(),
        AlertDescription::CertificateRequired => {
            "it asks for a client certificate; name one with `client_certificate` and `client_key`"
                .to_owned()
        }
        AlertDescription::HandshakeFailure if !is_named => {
            "it refuses the handshake; perhaps it asks for a client certificate, and none is named"
                .to_owned()
        }
        AlertDescription::CertificateExpired if is_named => {
            "it says that the client certificate has expired".to_owned()
        }
        AlertDescription::UnknownCA if is_named => {
            "it does not know the CA of the client certificate".to_owned()
        }
        AlertDescription::UnrecognisedName => {
            "it serves nothing by this name; say which one with `domain`".to_owned()
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied
        | AlertDescription::DecryptError
            if is_named =>
        {
            format!("it refuses the client certificate: {alert:?}")
        }
        other => format!("it refuses the connection with the TLS alert {other:?}"),
    }
}

/// How long from the earlier time to the later, roughly.
fn show(later: UnixTime, earlier: UnixTime) -> String {
    let seconds = later.as_secs().saturating_sub(earlier.as_secs());
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
