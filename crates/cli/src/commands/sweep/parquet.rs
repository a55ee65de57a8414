//! A table of results as Parquet: labels as texts, counters as numbers, or null without a result.
//!
//! Uncompressed: its encodings leave little of columns that repeat themselves, and a compressor
//! would be one more library. The same table is the same bytes.

use std::path::Path;
use std::sync::Arc;

use driver::sweep::Table;
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::diagnostics::Diagnostic;

/// Allows to write Parquet.
#[expect(clippy::unnecessary_wraps, reason = "a program without Parquet refuses here")]
pub(super) const fn is_there(_: &Path) -> Result<(), Diagnostic> {
    Ok(())
}

/// Returns a table as a Parquet file of one group of rows.
pub(super) fn bytes(table: &Table) -> Result<Vec<u8>, Diagnostic> {
    written(&columns(table)).map_err(|error| {
        Diagnostic::input("E0303", format!("the table cannot be written as Parquet: {error}"))
            .help("write it as .csv")
    })
}

/// A column with what stands in each row.
struct Column {
    name: String,
    values: Values,
}

enum Values {
    /// A text in every row.
    Texts(Vec<ByteArray>),
    Whole(Vec<Option<i64>>),
    /// Fractions, or numbers beyond 63 bits.
    Real(Vec<Option<f64>>),
}

fn columns(table: &Table) -> Vec<Column> {
    let rows = table.rows();
    let labels: Vec<Vec<String>> = rows.iter().map(|row| table.label_cells(row)).collect();
    let label = |(number, name): (usize, &str)| {
        let texts = labels.iter().map(|cells| ByteArray::from(cells[number].as_str()));
        Column { name: name.to_owned(), values: Values::Texts(texts.collect()) }
    };
    let counter = |name: &str| {
        let numbers = || rows.iter().map(|row| row.counts.as_ref()?.get(name));
        let are_whole = numbers().flatten().all(|number| number.as_i64().is_some());
        let values = if are_whole {
            Values::Whole(numbers().map(|number| number?.as_i64()).collect())
        } else {
            Values::Real(numbers().map(|number| number?.as_f64()).collect())
        };
        Column { name: name.to_owned(), values }
    };
    let labels = table.labels().into_iter().enumerate().map(label);
    labels.chain(table.counters().into_iter().map(counter)).collect()
}

impl Column {
    fn kind(&self) -> Result<TypePtr, ParquetError> {
        let (physical, repetition, logical) = match &self.values {
            Values::Texts(_) => {
                (Physical::BYTE_ARRAY, Repetition::REQUIRED, Some(LogicalType::String))
            }
            Values::Whole(_) => (Physical::INT64, Repetition::OPTIONAL, None),
            Values::Real(_) => (Physical::DOUBLE, Repetition::OPTIONAL, None),
        };
        let kind = Type::primitive_type_builder(&self.name, physical);
        kind.with_repetition(repetition).with_logical_type(logical).build().map(Arc::new)
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<'_, Vec<u8>>) -> Result<(), ParquetError> {
        match &self.values {
            Values::Texts(texts) => put::<ByteArrayType>(group, texts, None),
            Values::Whole(numbers) => optional::<Int64Type>(group, numbers),
            Values::Real(numbers) => optional::<DoubleType>(group, numbers),
        }
    }
}

/// Writes the next column: the values that there are, and which rows have one.
fn optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    numbers: &[Option<T::T>],
) -> Result<(), ParquetError> {
    let there: Vec<T::T> = numbers.iter().flatten().cloned().collect();
    let levels: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
    put::<T>(group, &there, Some(&levels))
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("a column is not in the schema".to_owned()));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

fn written(columns: &[Column]) -> Result<Vec<u8>, ParquetError> {
    let fields = columns.iter().map(Column::kind).collect::<Result<Vec<_>, _>>()?;
    let schema = Type::group_type_builder("sweep").with_fields(fields).build()?;
    let by = concat!("mesim ", env!("CARGO_PKG_VERSION"));
    let properties = WriterProperties::builder().set_created_by(by.to_owned()).build();
    let mut file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    for column in columns {
        column.write(&mut group)?;
    }
    group.close()?;
    file.into_inner()
}
