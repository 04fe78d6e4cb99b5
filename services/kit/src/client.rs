//! The other side of the ledger: requests that carry an idempotency key, for tests and for clients
//! that retry by hand.

use pavane::metadata;
use tonic::Request;
use tonic::metadata::AsciiMetadataValue;

use crate::Error;

/// The request with this key: repeated, it is performed once.
///
/// # Errors
/// [`Error::MalformedKey`] if the key cannot be sent at all.
pub fn keyed<M>(message: M, key: &str) -> Result<Request<M>, Error> {
    let value: AsciiMetadataValue = key.parse().map_err(|_| Error::MalformedKey {
        found: format!("`{}`", key.escape_default().take(64).collect::<String>()),
    })?;
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert(metadata::IDEMPOTENCY_KEY, value);
    Ok(request)
}

/// The request that undoes the call with this key.
///
/// # Errors
/// As of [`keyed`].
pub fn compensating<M>(message: M, key: &str) -> Result<Request<M>, Error> {
    let mut request = keyed(message, key)?;
    let value = AsciiMetadataValue::from_static("true");
    request
        .metadata_mut()
        .insert(metadata::IDEMPOTENCY_COMPENSATION, value);
    Ok(request)
}
