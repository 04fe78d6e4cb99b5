//! Services in other languages, which know nothing of us.

mod python_shipping;
