//! Reads JSON where it lies: without building a document, without allocation
//! and without recursion. It takes exactly RFC 8259 in valid UTF-8, nested up to
//! [`MAX_DEPTH`] deep; what it accepts, [`Event::set_json`](crate::Event::set_json)
//! may be given.

mod rewrite;
mod scanner;
mod text;
mod value;

pub use rewrite::Rewriter;
pub use scanner::{Error, Kind, Scanner, MAX_DEPTH};
pub use text::{append_string, is, unescape};
pub(crate) use text::{plain_len, word};
pub use value::{get, valid, Elements, Members, Value};
