//! Reads JSON where it lies: without building a document, without allocation
//! and without recursion. It takes exactly RFC 8259 in valid UTF-8, nested up to
//! [`MAX_DEPTH`] deep; what it accepts, [`Event::set_json`](crate::Event::set_json)
//! may be given.

mod picker;
mod rewrite;
mod scanner;
mod tape;
mod text;
mod value;

pub use picker::{Picked, Picker};
pub use rewrite::Rewriter;
pub use scanner::{Error, Kind, Scanner, MAX_DEPTH};
pub(crate) use tape::{Entry, Tape, ESCAPED, KEY_ESCAPED, KEY_MARKED, MARKED, NAMED};
pub(crate) use text::word;
pub use text::{append_string, is, unescape};
pub use value::{get, valid, Elements, Members, Value};
