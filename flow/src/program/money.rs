//! Amounts of money made of units and nanos: exact, without rounding that is not asked for.
//!
//! By `google.type.Money`: units and nanos, billionths of a unit, have the same sign, and an amount
//! knows its currency. Any message with `units`, `nanos` and perhaps `currency_code` is an amount.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value as Field};

use super::expression::MoneyOperation;
use super::meter::{Meter, Problem};
use super::value::{Message, Value};
use decimal::{Decimal, Rounding, divided};

mod decimal;

const NANOS: i128 = 1_000_000_000;
/// Digits behind the point of an amount.
const DIGITS: u32 = 9;

/// The fields of a type of amounts.
pub(crate) struct Fields {
    units: FieldDescriptor,
    nanos: FieldDescriptor,
    currency: Option<FieldDescriptor>,
}

impl Fields {
    /// The fields of an amount; `None` if the type is not one of amounts.
    pub(crate) fn of(descriptor: &MessageDescriptor) -> Option<Self> {
        let single = |name: &str| {
            let field = descriptor.get_field_by_name(name)?;
            (!field.is_list() && !field.is_map()).then_some(field)
        };
        let units = single("units").filter(|field| {
            let kind = field.kind();
            matches!(kind, Kind::Int64 | Kind::Sint64 | Kind::Sfixed64)
        })?;
        let nanos = single("nanos").filter(|field| {
            let kind = field.kind();
            matches!(kind, Kind::Int32 | Kind::Sint32 | Kind::Sfixed32)
        })?;
        let currency = descriptor.get_field_by_name("currency_code");
        if let Some(field) = &currency
            && (field.is_list() || !matches!(field.kind(), Kind::String))
        {
            return None;
        }
        Some(Self {
            units,
            nanos,
            currency,
        })
    }
}

/// An amount, in billionths of a unit.
struct Amount {
    nanos: i128,
    /// Empty if it has none.
    currency: String,
}

impl Amount {
    fn read(value: &Value<'_>, fields: &Fields, of: &MessageDescriptor) -> Result<Self, Problem> {
        use prost_reflect::ReflectMessage;
        let message = match value {
            Value::Message(message) if message.get().descriptor() == *of => message.get(),
            other => {
                let what = other.describe();
                let text = format!("this is {what}, expected a {}", of.full_name());
                return Err(Problem::mismatch(&[other], text));
            }
        };
        let units = message.get_field(&fields.units).as_i64().unwrap_or(0);
        let nanos = message.get_field(&fields.nanos).as_i32().unwrap_or(0);
        let has_one_sign = units.signum() * i64::from(nanos.signum()) >= 0;
        if i128::from(nanos).abs() >= NANOS || !has_one_sign {
            return Err(Problem::new(format!(
                "{units} units and {nanos} nanos are not an amount: nanos are below a billion, and \
                 of the sign of the units"
            )));
        }
        let currency = fields.currency.as_ref().map(|field| {
            let value = message.get_field(field);
            value.as_str().unwrap_or_default().to_owned()
        });
        Ok(Self {
            nanos: i128::from(units) * NANOS + i128::from(nanos),
            currency: currency.unwrap_or_default(),
        })
    }

    fn into_value<'a>(self, fields: &Fields, of: &MessageDescriptor) -> Result<Value<'a>, Problem> {
        let units = i64::try_from(self.nanos / NANOS).map_err(|_| too_large())?;
        let nanos = i32::try_from(self.nanos % NANOS).expect("below a billion");
        let mut message = DynamicMessage::new(of.clone());
        message.set_field(&fields.units, Field::I64(units));
        message.set_field(&fields.nanos, Field::I32(nanos));
        if let Some(field) = &fields.currency {
            message.set_field(field, Field::String(self.currency));
        }
        Ok(Value::Message(Message::Shared(message.into())))
    }

    /// The currency that two amounts have together. Nothing in no currency agrees with all.
    fn agree(&self, other: &Self) -> Result<String, Problem> {
        let is_neutral = |amount: &Self| amount.nanos == 0 && amount.currency.is_empty();
        if self.currency == other.currency || is_neutral(other) {
            return Ok(self.currency.clone());
        }
        if is_neutral(self) {
            return Ok(other.currency.clone());
        }
        Err(Problem::new(format!(
            "amounts in `{}` and `{}` do not go together",
            self.currency, other.currency
        )))
    }

    fn plus(self, other: &Self) -> Result<Self, Problem> {
        let currency = self.agree(other)?;
        let nanos = self.nanos + other.nanos;
        Ok(Self { nanos, currency })
    }
}

/// Computes from amounts of a type.
pub(super) fn compute<'a>(
    operation: MoneyOperation,
    descriptor: &MessageDescriptor,
    arguments: &[Value<'a>],
    meter: &mut Meter,
) -> Result<Value<'a>, Problem> {
    let fields = Fields::of(descriptor).expect("the checker saw to that");
    let read = |value: &Value<'a>| Amount::read(value, &fields, descriptor);
    meter.charge(4)?;
    let amount = match (operation, arguments) {
        (MoneyOperation::Sum, [Value::List(list)]) => {
            let mut sum = Amount {
                nanos: 0,
                currency: String::new(),
            };
            for index in 0..list.len() {
                sum = sum.plus(&read(&list.at(index, meter)?)?)?;
            }
            sum
        }
        (MoneyOperation::Add, [left, right]) => read(left)?.plus(&read(right)?)?,
        (MoneyOperation::Subtract, [left, right]) => {
            let mut right = read(right)?;
            right.nanos = -right.nanos;
            read(left)?.plus(&right)?
        }
        (MoneyOperation::Negate, [amount]) => {
            let mut amount = read(amount)?;
            amount.nanos = -amount.nanos;
            amount
        }
        (MoneyOperation::Multiply, [amount, factor]) => {
            let mut amount = read(amount)?;
            let factor = Decimal::from_value(factor)?;
            let product = amount.nanos.checked_mul(factor.mantissa);
            let product = product.ok_or_else(too_large)?;
            amount.nanos = divided(product, factor.scale, Rounding::HalfEven)?;
            amount
        }
        (MoneyOperation::Round, [amount, digits, rest @ ..]) => {
            let mut amount = read(amount)?;
            let rounding = rest
                .first()
                .map_or(Ok(Rounding::HalfUp), Rounding::from_value)?;
            let scale = DIGITS - digits_of(digits)?;
            amount.nanos = divided(amount.nanos, scale, rounding)? * 10_i128.pow(scale);
            amount
        }
        (MoneyOperation::Compare, [left, right]) => {
            let (left, right) = (read(left)?, read(right)?);
            left.agree(&right)?;
            return Ok(Value::Int(left.nanos.cmp(&right.nanos) as i64));
        }
        (MoneyOperation::MinorUnits, [amount, digits]) => {
            let (amount, digits) = (read(amount)?, digits_of(digits)?);
            let minor = divided(amount.nanos, DIGITS - digits, Rounding::Exact)?;
            return Ok(Value::Int(i64::try_from(minor).map_err(|_| too_large())?));
        }
        (MoneyOperation::FromMinorUnits, [minor, digits, rest @ ..]) => {
            let scale = DIGITS - digits_of(digits)?;
            let Value::Int(minor) = minor else {
                let text = format!("this is {}, expected an int", minor.describe());
                return Err(Problem::mismatch(&[minor], text));
            };
            let currency = match rest.first() {
                Some(Value::String(text)) => text.as_str().to_owned(),
                _ => String::new(),
            };
            let nanos = i128::from(*minor) * 10_i128.pow(scale);
            Amount { nanos, currency }
        }
        (MoneyOperation::Text, [amount, digits]) => {
            let (amount, digits) = (read(amount)?, digits_of(digits)?);
            let minor = divided(amount.nanos, DIGITS - digits, Rounding::Exact)?;
            return Ok(Value::text(decimal::show(minor, digits)));
        }
        _ => {
            let values: Vec<_> = arguments.iter().collect();
            let text = "money is computed from amounts".to_owned();
            return Err(Problem::mismatch(&values, text));
        }
    };
    amount.into_value(&fields, descriptor)
}

/// A number of digits behind the point.
fn digits_of(value: &Value<'_>) -> Result<u32, Problem> {
    match value {
        Value::Int(digits) => u32::try_from(*digits)
            .ok()
            .filter(|digits| *digits <= DIGITS)
            .ok_or_else(|| {
                Problem::new(format!("an amount has 0 to {DIGITS} digits, not {digits}"))
            }),
        other => {
            let text = format!("this is {}, expected an int", other.describe());
            Err(Problem::mismatch(&[other], text))
        }
    }
}

fn too_large() -> Problem {
    Problem::new("the amount is out of range")
}
