//! A tree of a JSON text, as a library for it would make one; here it is made of
//! what the SDK's scanner finds.

use std::collections::HashMap;

use slswasm::json::{unescape, Kind, Scanner};

/// A value with all that is in it. Of most values nobody here asks what they are.
#[allow(dead_code)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Tree>),
    Map(HashMap<String, Tree>),
}

/// Makes the tree of a text; an error says what is wrong with it.
pub fn parse(text: &[u8]) -> Result<Tree, String> {
    let mut scan = Scanner::new(text);
    let tree = scan.next().map(|kind| value(&mut scan, kind));
    scan.finish().map_err(|e| e.to_string())?;
    tree.ok_or_else(|| "there is no value".to_string())
}

/// Makes the tree of the value at hand.
fn value(scan: &mut Scanner, kind: Kind) -> Tree {
    match kind {
        Kind::Null | Kind::End => Tree::Null,
        Kind::Bool => Tree::Bool(scan.raw().bytes() == b"true"),
        Kind::Number => Tree::Number(String::from_utf8_lossy(scan.raw().bytes()).parse().unwrap_or_default()),
        Kind::String => Tree::Text(owned(scan.raw().text(&mut Vec::new()))),
        Kind::Array => {
            let mut list = Vec::new();
            while let Some(kind) = scan.next().filter(|kind| *kind != Kind::End) {
                list.push(value(scan, kind));
            }
            Tree::List(list)
        }
        Kind::Object => {
            let mut map = HashMap::new();
            while let Some(kind) = scan.next().filter(|kind| *kind != Kind::End) {
                let key = owned(unescape(&mut Vec::new(), scan.key()));
                map.insert(key, value(scan, kind));
            }
            Tree::Map(map)
        }
    }
}

fn owned(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

impl Tree {
    /// How many values hang on it that have none themselves.
    pub fn leaves(&self) -> usize {
        match self {
            Tree::List(list) => list.iter().map(Tree::leaves).sum(),
            Tree::Map(map) => map.values().map(Tree::leaves).sum(),
            _ => 1,
        }
    }
}
